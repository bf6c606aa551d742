"""Readings as JSON: rows of many tags at a time, records of one, alone or in arrays, as a document or line by line.

Belongs here: bytes to raw readings, and what is refused of them by its place. Doesn't belong here: which names a plant
knows, which times and numbers it takes (`intake.py`).

    {"timestamp": "2025-03-03T06:00:00Z", "values": {"FT101": 50.0, "PT7": null}, "quality": {"FT101": "uncertain"}}
    {"timestamp": 1740981600000, "tag": "FT101", "value": 50.0, "quality": "good", "unit": "m3/h"}
"""

from typing import NamedTuple

import orjson

from serving.faults import describe_value
from serving.live.readings import RawReading
from serving.live.sources import quality, times
from serving.live.sources.message import (
    LONGEST_NAME,
    MOST_LINES,
    MOST_READINGS,
    ParsedMessage,
    TooManyReadingsError,
)
from serving.live.sources.times import BadTimeError, read_time

_ROW = "a row {timestamp, values, quality} or a record {timestamp, tag, value, quality, unit}"
_DOCUMENT = f"{_ROW}, an array of them, or {{readings: [...]}}"
_NUMBER = "a number, or null where there is no value"
_MOST_CONTAINERS, _MOST_COMMAS = 4 * MOST_READINGS, 10 * MOST_READINGS
"""More than the readings of a message need, however they are written: three bytes become an object of Python."""
_ROW_FIELDS = frozenset({"timestamp", "values", "quality", "unit"})
_RECORD_FIELDS = frozenset({"timestamp", "tag", "value", "quality", "unit"})


class BadDocumentError(ValueError):
    """Bytes that are no document of readings at all; the text says what was got."""

    expected = _DOCUMENT


class _BadRowError(ValueError):
    """A row or a record that can't be used: place, what was got, what was expected."""


class _Spot(NamedTuple):
    """Where values stand: their time, the row's number, its place in words, and what they are read into."""

    time_us: int
    number: int
    place: str
    message: ParsedMessage


def parse_json(content: bytes) -> ParsedMessage:
    """The readings of one document.

    Raises:
        BadDocumentError: no JSON, or neither a row nor rows.
        TooManyReadingsError: more than `MOST_READINGS`.
    """
    if content.count(b"{") + content.count(b"[") > _MOST_CONTAINERS or content.count(b",") > _MOST_COMMAS:
        raise TooManyReadingsError
    document = _load(content)
    if isinstance(document, dict) and "readings" in document:
        if unknown := document.keys() - {"readings"}:
            raise BadDocumentError(f"an unknown field {sorted(unknown)[0][:LONGEST_NAME]!r} beside readings")
        document = document["readings"]
    if isinstance(document, list):
        message = ParsedMessage(lambda row, name: f"readings.{row}.{name}")
        for number, row in enumerate(document):
            _take(row, number, f"readings.{number}", message)
        return message
    if not isinstance(document, dict):
        raise BadDocumentError(describe_value(document))
    message = ParsedMessage(lambda _, name: name)
    _take(document, 0, "body", message)
    return message


def parse_ndjson(content: bytes) -> ParsedMessage:
    """The readings of a document a line; a line that is none is refused, those around it are read.

    Raises:
        TooManyReadingsError: more than `MOST_READINGS`.
    """
    if content.count(b"\n") > MOST_LINES:
        raise TooManyReadingsError
    message = ParsedMessage(lambda line, name: f"line {line}, {name}")
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line or line.isspace():
            continue
        try:
            row = _load(line)
        except BadDocumentError as error:
            message.refuse(f"line {number}", str(error), _ROW)
            continue
        _take(row, number, f"line {number}", message)
    return message


def _load(content: bytes) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadDocumentError(f"not valid JSON ({error})") from None


def _take(row: object, number: int, place: str, message: ParsedMessage) -> None:
    """Read a row or a record into the message, or refuse it."""
    try:
        if not isinstance(row, dict):
            raise _BadRowError(place, describe_value(row), _ROW)
        is_row = "values" in row
        if unknown := row.keys() - (_ROW_FIELDS if is_row else _RECORD_FIELDS):
            raise _BadRowError(place, f"an unknown field {min(unknown)[:LONGEST_NAME]!r}", _ROW)
        spot = _Spot(_time(row, place), number, place, message)
        _take_row(row, spot) if is_row else _take_record(row, spot)
    except _BadRowError as error:
        message.refuse(*error.args)


def _time(row: dict, place: str) -> int:
    if "timestamp" not in row:
        raise _BadRowError(f"{place}.timestamp", "absent", times.EXPECTED)
    try:
        return read_time(row["timestamp"])
    except BadTimeError as error:
        raise _BadRowError(f"{place}.timestamp", str(error), times.EXPECTED) from None


def _take_row(row: dict, spot: _Spot) -> None:
    values = _names_in(row, "values", spot)
    qualities, units = _names_in(row, "quality", spot), _names_in(row, "unit", spot)
    if not values:
        spot.message.note_time(spot.time_us)
    spot.message.check_room(len(values))
    for field, named in (("quality", qualities), ("unit", units)):
        for name in named.keys() - values.keys():
            place = f"{spot.place}.{field}.{name[:LONGEST_NAME]}"
            spot.message.refuse(place, "of a name without a value", "a name that is in values")
    for name, value in values.items():
        if type(value) is float and not qualities and not units:  # nearly always
            spot.message.readings.append(RawReading(name, spot.time_us, value))
            spot.message.rows.append(spot.number)
        else:
            _add(spot, name, value, qualities.get(name), units.get(name))


def _names_in(row: dict, field: str, spot: _Spot) -> dict[str, object]:
    given = row.get(field)
    if given is None and field != "values":
        return {}
    if not isinstance(given, dict):
        raise _BadRowError(f"{spot.place}.{field}", describe_value(given), "an object, a name each")
    return given


def _take_record(row: dict, spot: _Spot) -> None:
    for field, expected in (("tag", "the tag's name"), ("value", _NUMBER)):
        if field not in row:
            raise _BadRowError(f"{spot.place}.{field}", "absent", expected)
    name = row["tag"]
    if not isinstance(name, str) or not name:
        raise _BadRowError(f"{spot.place}.tag", describe_value(name), "the tag's name")
    spot.message.check_room(1)
    _add(spot, name, row["value"], row.get("quality"), row.get("unit"))


def _add(spot: _Spot, name: str, value: object, word: object, unit: object) -> None:
    """Take one value with its quality and unit, None where none is told, or refuse it."""
    message, shown = spot.message, name[:LONGEST_NAME]
    rated = "good" if word is None else quality.read_quality(word)
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        message.refuse(f"{spot.place}.{shown}", describe_value(value), _NUMBER)
    elif rated is None:
        message.refuse(f"{spot.place}.quality.{shown}", describe_value(word), quality.EXPECTED)
    elif unit is not None and not isinstance(unit, str):
        message.refuse(f"{spot.place}.unit.{shown}", describe_value(unit), "the unit's symbol")
    else:
        number, known = (None, "bad") if value is None else (float(value), rated)
        message.readings.append(RawReading(name, spot.time_us, number, known, unit or ""))
        message.rows.append(spot.number)
