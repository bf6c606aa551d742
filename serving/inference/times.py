"""The times of a client's readings: in all rows or in none, and one sampling interval apart.

Belongs here: reading and comparing times. Doesn't belong here: values (`inputs.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from plant_assets.profile.durations import format_duration
from serving.errors import Invalid, invalid
from serving.web.faults import got

TIME_NAMES = ("timestamp", "time")
Reading = Mapping[str, float | str | None]


def check_times(readings: Sequence[Reading], interval: timedelta, field: str) -> None:
    """Where readings carry times, they must follow each other by the sampling interval.

    Raises:
        Invalid: a time at fault; the message names the row.
    """
    times = [time_of(reading, f"{field}.{r}.timestamp") for r, reading in enumerate(readings)]
    if all(time is None for time in times):
        return
    for r, (before, after) in enumerate(pairwise(times), start=1):
        if fault := _fault(before, after, interval):
            raise invalid(f"{field}.{r}.timestamp", *fault)


def _fault(before: datetime | None, after: datetime | None, interval: timedelta) -> tuple[str, str] | None:
    """What is wrong with a row's time, and what was expected."""
    if before is None or after is None:
        return "absent in some rows", "a timestamp in every row, or in none"
    if (before.tzinfo is None) != (after.tzinfo is None):
        return "with and without offset", "times with an offset, as 2024-01-01T00:00Z"
    if after - before != interval:
        return _gap(after - before), f"rows {format_duration(interval)} apart, oldest first"
    return None


def time_of(reading: Reading, field: str) -> datetime | None:
    """A reading's time; None where it has none.

    Raises:
        Invalid: it is no time, or given twice.
    """
    given = [v for k, v in reading.items() if k.casefold() in TIME_NAMES and v is not None]
    if not given:
        return None
    if len(given) > 1:
        raise invalid(field, "given twice", f"one of {' or '.join(TIME_NAMES)}, in any case")
    (value,) = given
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        return datetime.fromisoformat(value)
    except ValueError:
        raise _no_time(value, field) from None


def _no_time(value: float | str, field: str) -> Invalid:
    return invalid(field, got(value), "ISO 8601, as 2024-01-01T00:00Z")


def _gap(step: timedelta) -> str:
    if step == timedelta(0):
        return "the same time twice"
    if step < timedelta(0):
        return "earlier than the row before"
    return f"{step} after the row before"
