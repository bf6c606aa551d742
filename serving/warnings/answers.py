"""From a warning's row to what clients see: its state, its label, its lead time.

Belongs here: what is derived. Doesn't belong here: shapes (`schemas.py`).
"""

from datetime import UTC, datetime, timedelta

from serving.warnings.outcomes import lead_of, missed_by, outcome_of
from serving.warnings.schemas import State, WarningAnswer
from serving.warnings.tables import PlantWarning


def label_of(warning: PlantWarning) -> tuple[datetime, datetime] | None:
    """The first and last moment that a true warning labels; `excursions.py` leaves out quiet hours between.

    What the operator gave; else while alarm rules were met; else while the risk now was above its threshold. A
    forecast that nothing followed labels nothing: its own hours were before whatever happened.
    """
    if warning.verdict != "true":
        return None
    if warning.verdict_start is not None and warning.verdict_end is not None:
        return warning.verdict_start, warning.verdict_end
    if warning.came_time is not None and warning.came_until is not None:
        return warning.came_time, warning.came_until
    if warning.now_time is not None and warning.now_until is not None:
        return warning.now_time, warning.now_until
    return None


def state_of(warning: PlantWarning, now: datetime) -> State:
    if warning.cleared_at is not None:
        return "cleared"
    if warning.shelved_until is not None and warning.shelved_until > now:
        return "shelved"
    return "new" if warning.acknowledged_at is None else "acknowledged"


def answer_of(warning: PlantWarning) -> WarningAnswer:
    """A warning as clients see it now."""
    return WarningAnswer.model_validate(members_of(warning))


def members_of(warning: PlantWarning) -> dict[str, object]:
    now = datetime.now(UTC)
    own = {c.key: getattr(warning, c.key) for c in PlantWarning.__table__.columns}
    is_shelved = warning.shelved_until is not None and warning.shelved_until > now
    shelf = {"until": warning.shelved_until, "by": warning.shelved_by, "reason": warning.shelved_reason}
    return own | {
        "state": state_of(warning, now),
        "group_id": warning.first_id or warning.id,
        "first_since": warning.first_time or warning.since,
        "crossed": {
            "rule": warning.rule or None,
            "description": warning.description,
            "probability": warning.probability,
            "threshold": warning.threshold,
        },
        "outcome": outcome_of(warning),
        "lead_hours": _hours(lead_of(warning)),
        "missed_by_hours": _hours(missed_by(warning)),
        "shelf": shelf if is_shelved else None,
        "judgement": _judgement(warning),
    }


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else span / timedelta(hours=1)


def _judgement(warning: PlantWarning) -> dict[str, object] | None:
    if warning.verdict is None:
        return None
    label = label_of(warning)
    nothing = "no alarm rule was met and the current risk stayed below its threshold while it was open: give start and end of the alarm"
    return {
        "verdict": warning.verdict,
        "at": warning.verdict_at,
        "by": warning.verdict_by,
        "note": warning.verdict_note,
        "start": warning.verdict_start,
        "end": warning.verdict_end,
        "label": label,
        "label_missing": nothing if warning.verdict == "true" and label is None else "",
    }
