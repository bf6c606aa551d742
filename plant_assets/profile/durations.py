"""Durations as people write them in a profile: `15m`, `1h`, `2d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DIGITS, _LONGEST = 12, 3000 * 366 * 86400
_PATTERN = re.compile(r"(\d+)\s*([smhd])")


def parse_duration(text: object) -> timedelta:
    """Read `90s`, `15m`, `1h` or `2d`.

    Raises:
        ValueError: anything else, a duration of zero, or one of thousands of years.
    """
    if isinstance(text, timedelta):
        return text
    match = _PATTERN.fullmatch(text.strip()) if isinstance(text, str) else None
    if (
        match is None
        or not 0 < int(match[1][:_DIGITS]) * _UNITS[match[2]] <= _LONGEST
        or len(match[1]) > _DIGITS
    ):
        raise ValueError(f"expected a duration such as 90s, 15m, 1h or 2d, got {text!r}")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def format_duration(duration: timedelta) -> str:
    """Write a duration in its largest whole unit, `1h` rather than `60m` (but `24h`, not `1d`)."""
    seconds = int(duration.total_seconds())
    for unit in ("h", "m"):
        if seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)
]
