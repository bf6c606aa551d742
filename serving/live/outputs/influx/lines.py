"""Points as lines of Influx' line protocol.

Belongs here: one point's form, and what may not be written. Doesn't belong here: which points there are (`points.py`),
reading lines (`serving/live/sources`).

A point's key is its measurement, its tags and its time: written again it replaces itself.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FieldValue = float | int | bool | str
_BLANKS = re.compile(r"([, ])")
_SPECIAL = re.compile(r"([,= ])")
_QUOTED = re.compile(r'(["\\])')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One point.

    Attributes:
        measurement: what kind of point it is.
        tags: with the measurement and the time its key; those without a value are left out.
        fields: at least one.
        time_us: microseconds since 1970 UTC.
    """

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, FieldValue] = field(hash=False)
    time_us: int

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...], int]:
        return self.measurement, tuple(sorted((k, v) for k, v in self.tags.items() if v)), self.time_us


def format_line(point: DataPoint) -> str:
    """A point in one line, without its end; times are nanoseconds, which every store takes without being told.

    Raises:
        ValueError: no field, or what the protocol can't hold: a control character or a last backslash in a name, a number
            that isn't finite, an integer beyond 64 bits, a time before 1677 or after 2262.
    """
    if not point.fields:
        raise ValueError(f"{point.measurement}: no field; expected at least one")
    time_ns = point.time_us * 1000
    if not -_LARGEST < time_ns < _LARGEST:
        raise ValueError(
            f"{point.measurement}: got the time {point.time_us} us; expected one from 1677 to 2262"
        )
    if point.measurement.startswith("#"):
        raise ValueError(f"got the measurement {point.measurement!r}; expected no comment")
    tags = "".join(f",{_name(k)}={_name(v)}" for k, v in sorted(point.tags.items()) if v)
    fields = ",".join(f"{_name(k)}={_value(k, v)}" for k, v in point.fields.items())
    return f"{_checked(point.measurement, _BLANKS)}{tags} {fields} {time_ns}"


def _name(text: str) -> str:
    return _checked(text, _SPECIAL)


def _checked(text: str, special: re.Pattern[str]) -> str:
    """A name with what ends a name escaped.

    A backslash stands for itself but before what it escapes: at the end it would join the name to what follows.
    """
    if not text or text.endswith("\\") or _CONTROL.search(text):
        raise ValueError(
            f"got the name {text!r}; expected one without control characters or a last backslash"
        )
    return special.sub(r"\\\1", text)


def _value(name: str, value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise ValueError(f"{name}: got {value}; expected a whole number of 64 bits")
        return f"{value}i"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name}: got {value}; expected a finite number")
        return repr(value)
    if "\n" in value or "\r" in value or "\x00" in value:
        raise ValueError(f"{name}: got a text of several lines; expected one line")
    quoted = _QUOTED.sub(r"\\\1", value)
    return f'"{quoted}"'
