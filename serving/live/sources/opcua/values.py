"""Values of OPC UA as readings: their number, their quality, their time.

Belongs here: what one value means. Doesn't belong here: asking for it (`session.py`), and asyncua, whose values are taken
as they are.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from serving.live.readings import RawReading

if TYPE_CHECKING:
    from asyncua.ua import DataValue

_QUALITIES: tuple[Literal["good", "uncertain", "bad"], ...] = ("good", "uncertain", "bad", "bad")
"""By the two upper bits of a status code."""
_OVERFLOW = 0x0480
"""Bits of a status code that a queue of the server was too short: values before this one are lost."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ReadValue(NamedTuple):
    """A value, read.

    Attributes:
        reading: None where it is no number.
        is_overflow: whether values before it were lost in the server's queue.
    """

    reading: RawReading | None
    is_overflow: bool = False


def quality_of(status: int) -> Literal["good", "uncertain", "bad"]:
    """The quality that a status code states."""
    return _QUALITIES[(status >> 30) & 3]


def read_value(tag: str, value: "DataValue", now_us: int, unit: str = "") -> ReadValue:
    """A value as a reading of a tag.

    Args:
        tag: whose it is.
        value: of the server.
        now_us: microseconds since 1970, where the server tells no time at all.
        unit: that the server tells of the variable; empty: none.
    """
    status = 0 if value.StatusCode is None else value.StatusCode.value
    quality = quality_of(status)
    overflow = quality != "bad" and status & _OVERFLOW == _OVERFLOW
    time = value.SourceTimestamp or value.ServerTimestamp
    time_us = now_us if time is None else microseconds(time)
    given = value.Value.Value if value.Value is not None else None
    if given is None or quality == "bad":
        return ReadValue(RawReading(tag, time_us, None, "bad", unit), overflow)
    if (number := number_of(value)) is None:
        return ReadValue(None, overflow)
    return ReadValue(RawReading(tag, time_us, number, quality, unit), overflow)


def number_of(value: "DataValue") -> float | None:
    """The number that a value holds; None where it holds none."""
    given = value.Value.Value if value.Value is not None else None
    return float(given) if isinstance(given, int | float) else None


def microseconds(time: datetime) -> int:
    """Microseconds since 1970 of a time of OPC UA, which is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
