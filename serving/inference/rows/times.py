"""The times of a client's readings: in all rows or in none, and sampling intervals apart.

Belongs here: reading and comparing times. Doesn't belong here: values (`inputs.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import SamplingOptions
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import invalid
from serving.faults import describe_value
from serving.inference.schemas import MOST_ROWS

Reading = Mapping[str, float | str | None]


def absent_rows(readings: Sequence[Reading], sampling: SamplingOptions, field: str) -> Sequence[int]:
    """How many rows are absent before each reading, by the times that readings carry; none where they carry none.

    A row stands in for those after it as long as ingest holds a value, `sampling.hold_limit`.

    Raises:
        InvalidInput: a time at fault; the message names the row.
    """
    times = [time_of(reading, f"{field}.{r}.timestamp") for r, reading in enumerate(readings)]
    if all(time is None for time in times):
        return [0] * len(times)
    absent = [0] + [
        _absent(before, after, sampling, f"{field}.{r}.timestamp")
        for r, (before, after) in enumerate(pairwise(times), start=1)
    ]
    if (rows := len(times) + sum(absent)) > MOST_ROWS:
        raise invalid(field, f"{rows:,} rows, including those in gaps", f"at most {MOST_ROWS:,}")
    return absent


def _absent(before: datetime | None, after: datetime | None, sampling: SamplingOptions, place: str) -> int:
    """How many rows are absent between two times."""
    if before is None or after is None:
        raise invalid(place, "missing in some rows", "a timestamp in all rows or in none")
    if (before.tzinfo is None) != (after.tzinfo is None):
        raise invalid(place, "with and without offset", "times with an offset, as 2024-01-01T00:00Z")
    step, interval, hold = after - before, sampling.interval, sampling.hold_limit
    if step < interval or step % interval or step - interval > hold:
        held = f", gaps of {format_duration(hold)} at most" if hold >= interval else ""
        raise invalid(place, _gap(step), f"rows {format_duration(interval)} apart, oldest first{held}")
    return step // interval - 1


def time_of(reading: Reading, field: str) -> datetime | None:
    """A reading's time; None where it has none.

    Raises:
        InvalidInput: it is no time, or given twice.
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
        raise invalid(field, describe_value(value), "ISO 8601, as 2024-01-01T00:00Z") from None


def _gap(step: timedelta) -> str:
    if step == timedelta(0):
        return "duplicate time"
    if step < timedelta(0):
        return "earlier than the row before"
    return f"{step} after the row before"
