"""What came of a model's warning, held against what it had forecast.

A forecast came true only if its event, the first row at which sound values meet an alarm rule, began within its
horizon of its opening or of its last escalation. Belongs here: which outcome it is. Doesn't belong here: who notes it
(`lifecycle.py`), verdicts, which are people's.
"""

from datetime import datetime, timedelta
from typing import Literal

from serving.warnings.tables import CameAs, PlantWarning

Outcome = Literal["open", "came_true", "early", "late", "missed", "false", "unknown"]


def due_time(warning: PlantWarning) -> datetime:
    """The last moment at which an event may begin for the forecast to have come true."""
    due = warning.since + timedelta(hours=warning.opened_horizon_hours)
    if warning.escalated_time is None:
        return due
    return max(due, warning.escalated_time + timedelta(hours=warning.horizon_hours))


def came_as(warning: PlantWarning, came: datetime) -> CameAs:
    """How an event that began while the warning was open stands to its forecast."""
    return "came_true" if came <= due_time(warning) else "early"


def outcome_of(warning: PlantWarning) -> Outcome | None:
    """What came of a warning as far as it is known; None for an alarm rule's, which is an alarm in itself."""
    if warning.kind == "rule":
        return None
    if warning.came_time is not None:
        # What was kept by an older release has no `came_as`.
        known: dict[str | None, Outcome] = {"came_true": "came_true", "early": "early", "late": "late"}
        return known.get(warning.came_as) or came_as(warning, warning.came_time)
    if warning.missed_time is not None:
        return "missed"
    if warning.came_as == "unknown":
        return "unknown"
    return "open" if warning.cleared_at is None else "false"


def lead_of(warning: PlantWarning) -> timedelta | None:
    """From the opening to the event, where one came that the warning was ahead of."""
    if outcome_of(warning) not in ("came_true", "early") or warning.came_time is None:
        return None
    return warning.came_time - warning.since


def missed_by(warning: PlantWarning) -> timedelta | None:
    """How long before the event it had cleared, where that was soon before."""
    if warning.missed_time is None or warning.cleared_time is None:
        return None
    return warning.missed_time - warning.cleared_time
