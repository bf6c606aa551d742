"""Readings as InfluxDB's line protocol, `measurement,tag=x field=1 1740981600000000000`.

Belongs here: lines, which of their fields are readings and what those are called. The points themselves are read by
line-protocol-parser, which agrees with InfluxDB; a line of the one form that most have is read by a regular expression.

The field `value` is called as the point's tag `tag`, `name` or `sensor` says, else as the measurement; any other field
by its own name. A field that is a text is no reading. `quality` and `unit` are a point's quality and unit, as a tag or a field.
"""

import re
from collections.abc import Iterator
from typing import Final

from line_protocol_parser import LineFormatError, parse_line

from serving.faults import describe_value
from serving.live.readings import RawReading, RecordQuality
from serving.live.sources import quality
from serving.live.sources.message import (
    LONGEST_NAME,
    MOST_LINES,
    MOST_READINGS,
    ParsedMessage,
    TooManyReadingsError,
)
from serving.live.sources.times import EARLIEST_US, LATEST_US, BadTimeError, check_range

PRECISIONS: Final = {
    "": (1, 1000),
    "ns": (1, 1000),
    "n": (1, 1000),
    "us": (1, 1),
    "u": (1, 1),
    "µ": (1, 1),
    "ms": (1000, 1),
    "s": (1_000_000, 1),
    "m": (60_000_000, 1),
    "h": (3_600_000_000, 1),
}
"""Microseconds of a time's unit, as a fraction."""
_POINT = "measurement,tag=x field=1.0 1740981600000000000"
_MOST_PAIRS = 4 * MOST_READINGS
_NAMING_TAGS = ("tag", "name", "sensor")
_SIMPLE = re.compile(
    r'([^\s"\\#=,][^\s"\\=,]*(?:,[^\s"\\=,]+=[^\s"\\=,]+)*)'
    r" value=(-?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,2})?)"
    r" (-?(?:[0-8][0-9]{18}|[0-9]{1,18}))"
).fullmatch
"""A series, the field `value` as a float, a time that 64 bits hold: nothing that is escaped or quoted."""
_NEXT_POINT = re.compile(r'(?>(?:\\.|[^ \n])*)(?>(?:="(?:\\[\s\S]|[^"\\])*+"|\\.|[^\n])*)').match
"""Up to a line's end that no quoted text holds; a quote that nothing ends is a character like others."""

TimeUnit = tuple[int, int]
_Series = tuple[str, RecordQuality, str]
"""What a series says of its field `value`: name, quality, unit."""


def parse_lines(content: bytes, unit: TimeUnit, now_us: int) -> ParsedMessage:
    """The readings of a body of lines; a line that is no point is refused, those around it are read.

    Args:
        content: lines in UTF-8, with comments and empty ones among them.
        unit: of their times, one of `PRECISIONS`.
        now_us: the time of points that have none.

    Raises:
        TooManyReadingsError: more than `MOST_READINGS`, or more tags and fields than so many would have.
    """
    if content.count(b"=") > _MOST_PAIRS or content.count(b"\n") > MOST_LINES:
        raise TooManyReadingsError
    message = ParsedMessage(lambda line, name: f"line {line}, {name}")
    readings, rows = message.readings, message.rows
    known: dict[str, _Series | None] = {}
    times, parts = unit
    for number, line in _points(content.decode("utf-8", "surrogateescape")):
        message.check_room(1)
        if match := _SIMPLE(line):
            series, value, time = match.groups()
            found = known[series] if series in known else known.setdefault(series, _read_series(series))
            time_us = int(time) * times // parts
            if found and EARLIEST_US <= time_us <= LATEST_US:
                readings.append(RawReading(found[0], time_us, float(value), found[1], found[2]))
                rows.append(number)
                continue
        _take_point(line, number, unit, now_us, message)
    return message


def _points(text: str) -> Iterator[tuple[int, str]]:
    """Each point with the number of its first line."""
    if '"' not in text:
        yield from enumerate(text.split("\n"), 1)
        return
    number, start = 1, 0
    while start < len(text) and (match := _NEXT_POINT(text, start)):
        point = match.group()
        yield number, point
        number += 1 + point.count("\n")
        start = match.end() + 1


def _read_series(series: str) -> _Series | None:
    """What a series says of its field `value`; None where only the whole point tells, or what is wrong with it."""
    try:
        point = parse_line(f"{series} value=0 0")
    except (LineFormatError, UnicodeEncodeError):
        return None
    rated = _quality_of(point["tags"], {})
    name = _value_name(point["measurement"], point["tags"])
    return None if rated is None else (name, rated, point["tags"].get("unit", ""))


def _take_point(line: str, number: int, unit: TimeUnit, now_us: int, message: ParsedMessage) -> None:
    """Read a point's fields into the message, or refuse what can't be read."""
    if not line or line.isspace():
        return
    try:
        point = parse_line(line)
        if point is not None:  # None: a comment
            time = point["time"]
            time_us = now_us if time is None else check_range(time * unit[0] // unit[1])
            _take_fields(point, time_us, number, message)
    except LineFormatError as error:
        message.refuse(f"line {number}", str(error).rstrip("."), f"a point such as {_POINT}")
    except UnicodeEncodeError:
        message.refuse(f"line {number}", "bytes that are no UTF-8", f"a point such as {_POINT}")
    except BadTimeError as error:
        message.refuse(f"line {number}", str(error), "a time in the precision of the request")


def _take_fields(point: dict, time_us: int, number: int, message: ParsedMessage) -> None:
    tags, fields = point["tags"], point["fields"]
    rated = _quality_of(tags, fields)
    if rated is None:
        message.refuse(f"line {number}, quality", "another word", quality.EXPECTED)
        return
    message.check_room(len(fields))
    unit_name = str(fields.get("unit", tags.get("unit", "")))
    for field, value in fields.items():
        if field == "unit" or field.casefold() == "quality":
            continue
        name = _value_name(point["measurement"], tags) if field == "value" else field
        if isinstance(value, str):
            message.texts.append((name, f"line {number}, {name[:LONGEST_NAME]}", describe_value(value)))
        else:
            message.readings.append(RawReading(name, time_us, float(value), rated, unit_name))
            message.rows.append(number)


def _value_name(measurement: str, tags: dict[str, str]) -> str:
    return next((tags[tag] for tag in _NAMING_TAGS if tag in tags), measurement)


def _quality_of(tags: dict[str, str], fields: dict[str, object]) -> RecordQuality | None:
    """The point's quality, good where it says none; None of another word."""
    for given in (fields, tags):
        for name, word in given.items():
            if name.casefold() == "quality":
                return quality.read_quality(word)
    return "good"
