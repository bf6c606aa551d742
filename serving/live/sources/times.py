"""Times as sources write them: ISO 8601 with an offset, or milliseconds since 1970.

Belongs here: what a time may look like. Doesn't belong here: which times a plant takes (`intake.py`).
"""

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from serving.faults import describe_value

EXPECTED = "ISO 8601 with an offset, as 2025-03-03T06:00:00Z, or milliseconds since 1970"
EARLIEST_US = -62_135_596_800_000_000
LATEST_US = 253_402_300_799_999_999
"""The years 1 to 9999, in microseconds since 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_REMEMBERED = 4096
_LONGEST_TEXT = 64


class BadTimeError(ValueError):
    """A time that can't be used; the text says what was got."""


def read_time(value: object) -> int:
    """Microseconds since 1970 of a time in a JSON document.

    Raises:
        BadTimeError: no time, one without an offset, or one beyond the years 1 to 9999.
    """
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:  # which Python would read: a fraction of any length
            raise BadTimeError(f"got a text of {len(value):,} characters")
        return _of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTimeError(describe_value(value))
    time_us = value * 1000  # too much for a float becomes infinite
    return check_range(round(time_us) if math.isfinite(time_us) else LATEST_US + 1)


def check_range(time_us: int) -> int:
    """A time that a calendar has.

    Raises:
        BadTimeError: it is beyond the years 1 to 9999.
    """
    if not EARLIEST_US <= time_us <= LATEST_US:
        raise BadTimeError("got a time beyond the years 1 to 9999")
    return time_us


@lru_cache(_REMEMBERED)
def _of_text(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadTimeError(describe_value(text)) from None
    if time.tzinfo is None:
        raise BadTimeError(f"{describe_value(text)}, a time without an offset")
    return check_range((time - _EPOCH) // _MICROSECOND)
