"""Which message is due when: severity, on-delay, quiet hours. Pure.

Belongs here: decisions. Doesn't belong here: what is stored (`tables.py`), sending (`addresses.py`).
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from serving.live.outputs.influx.points import ChangedWarning
from serving.live.outputs.notify.options import NotifyTarget, QuietHours, WarningSeverity

_RANKS: dict[WarningSeverity, int] = {"warning": 0, "high": 1}


def severity_of(warning: ChangedWarning) -> WarningSeverity:
    """An alarm now is high, one ahead is a warning."""
    return "high" if warning.kind == "rule" or warning.horizon_hours == 0 else "warning"


def step_of(change: str, warning: ChangedWarning) -> str:
    """What a message tells of, once each; empty where nobody is notified of the change."""
    if change == "opened":
        return "opened"
    return f"escalated:{warning.horizon_hours:g}" if change == "escalated" else ""


def is_wanted(target: NotifyTarget, warning: ChangedWarning) -> bool:
    """Whether a target is for this plant and severity."""
    concerns = not target.plants or warning.plant in target.plants
    return concerns and _RANKS[severity_of(warning)] >= _RANKS[target.severity]


def due_at(target: NotifyTarget, warning: ChangedWarning, now: datetime, zone: ZoneInfo) -> datetime:
    """When a message is due, if the warning is open until then."""
    opened = warning.opened_at + (target.on_delay or timedelta(0))
    return after_quiet_hours(max(now, opened), target.quiet_hours, severity_of(warning), zone)


def after_quiet_hours(
    moment: datetime, quiet: QuietHours | None, severity: WarningSeverity, zone: ZoneInfo
) -> datetime:
    """The first moment, from this one on, at which a message of this severity may be sent."""
    if quiet is None or (quiet.passes is not None and _RANKS[severity] >= _RANKS[quiet.passes]):
        return moment
    local = moment.astimezone(zone)
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock = local.time()
    if start < end:
        is_quiet, days = start <= clock < end, 0
    else:
        is_quiet, days = clock >= start or clock < end, 1 if clock >= start else 0
    if not is_quiet:
        return moment
    ends = datetime.combine(local.date() + timedelta(days=days), end, zone)
    return max(moment, ends.astimezone(moment.tzinfo))
