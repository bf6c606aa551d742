"""Payloads of mapped topics, as a plant's profile describes them: a bare number, or JSON with paths.

Belongs here: payload to raw readings, and what is refused of it by its place. Doesn't belong here: the default topic's
shape (`serving/live/sources/json_rows.py`), which topics there are (`routes.py`), what a plant knows (`intake.py`).
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Literal, NamedTuple, cast

import orjson

from plant_assets.profile.live_mqtt import MqttQualities, MqttTopic
from serving.faults import describe_value
from serving.live.readings import RawReading, RecordQuality
from serving.live.sources import quality, times
from serving.live.sources.message import LONGEST_NAME, ParsedMessage
from serving.live.sources.quality import read_quality
from serving.live.sources.times import BadTimeError, check_range, read_time

Keys = tuple[str | int, ...]
PayloadReader = Callable[[str, bytes, int], ParsedMessage]
"""A topic's tag (empty where the payload names its own), payload and time of arrival in µs → what is read."""
EXPECTED_NUMBER = "a number, true, false, or null where there is no value"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_STATES = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}
_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_ABSENT: Final = object()
_LONGEST_TEXT = 64
"""Of a number in words."""


def reader_of(mapping: MqttTopic) -> PayloadReader:
    """The reader of a topic's payloads."""
    if mapping.values is not None:
        paths = tuple((name, keys_of(path)) for name, path in mapping.values)
        return partial(_read_paths, _Frame(mapping), paths)
    if mapping.values_at is not None:
        return partial(_read_object, _Frame(mapping), (mapping.values_at, keys_of(mapping.values_at)))
    if mapping.value is not None:
        return partial(_read_value, _Frame(mapping), (mapping.value, keys_of(mapping.value)))
    return _read_bare


def keys_of(path: str) -> Keys:
    """The names and numbers that a JSON path to one value passes."""
    import jsonpath_rfc9535
    from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

    selectors = [
        selector for segment in jsonpath_rfc9535.compile(path).segments for selector in segment.selectors
    ]
    return tuple(
        selector.name if isinstance(selector, NameSelector) else cast("IndexSelector", selector).index
        for selector in selectors
    )


class _Document(NamedTuple):
    content: object
    time_us: int
    quality: RecordQuality


class _Frame:
    """What the paths of a mapping have in common: where time and quality stand."""

    def __init__(self, mapping: MqttTopic) -> None:
        self.time_path = mapping.time or ""
        self.time_keys = keys_of(mapping.time) if mapping.time else None
        self.per_second = _PER_SECOND[mapping.time_unit]
        self.quality_path = mapping.quality or ""
        self.quality_keys = keys_of(mapping.quality) if mapping.quality else None
        self.qualities: MqttQualities = mapping.qualities

    def read(self, payload: bytes, arrived_us: int, message: ParsedMessage) -> "_Document | None":
        """The document with its time and its quality; None where one of them was refused."""
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            message.refuse("payload", f"not valid JSON ({error})", "a JSON document")
            return None
        try:
            time_us = (
                arrived_us if self.time_keys is None else self._time(find_value(document, self.time_keys))
            )
        except BadTimeError as error:
            message.refuse(self.time_path, str(error), times.EXPECTED)
            return None
        word = "good" if self.quality_keys is None else find_value(document, self.quality_keys)
        if (rated := grade(word, self.qualities)) is None:
            message.refuse(self.quality_path, _describe(word), _EXPECTED_QUALITY[self.qualities])
            return None
        return _Document(document, time_us, rated)

    def _time(self, value: object) -> int:
        if value is _ABSENT:
            raise BadTimeError("absent")
        if self.per_second == 1000 or isinstance(value, bool) or not isinstance(value, int | float):
            return read_time(value)
        if isinstance(value, int):  # as a float, a time of today in ns has no µs to spare
            return check_range(value * 1_000_000 // self.per_second)
        return read_time(value * (1000 / self.per_second))


_EXPECTED_QUALITY: Mapping[MqttQualities, str] = {
    "words": f"{quality.EXPECTED}, true or false",
    "opc_da": "a quality of OPC DA such as 192",
    "opc_ua": "a status code of OPC UA such as 0",
}


def grade(word: object, scale: MqttQualities) -> RecordQuality | None:
    """The quality that a word, a state or a code stands for; None of anything else."""
    if isinstance(word, bool):
        return "good" if word else "bad"
    if scale == "words":
        return read_quality(word)
    if not isinstance(word, int) or not 0 <= word < 2**32:
        return None
    if scale == "opc_ua":
        return _UA_GRADES[word >> 30]
    return _DA_GRADES[word >> 6 & 3]


_UA_GRADES: tuple[RecordQuality, ...] = ("good", "uncertain", "bad", "bad")
_DA_GRADES: tuple[RecordQuality, ...] = ("bad", "uncertain", "uncertain", "good")
"""By the two highest bits of the code's severity."""


def number_of(value: object) -> float | Literal[False] | None:
    """The number that a value stands for, None where it says that there is none; False where it stands for nothing."""
    if value is None or isinstance(value, float):
        return value
    if isinstance(value, bool | int):
        return float(value)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return False
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return _STATES.get(text.casefold(), False)


def find_value(document: object, keys: Keys) -> object:
    """What stands at a path of a document."""
    for key in keys:
        if isinstance(document, dict) and isinstance(key, str):
            document = document.get(key, _ABSENT)
        elif isinstance(document, list) and isinstance(key, int) and -len(document) <= key < len(document):
            document = document[key]
        else:
            return _ABSENT
    return document


def _read_bare(name: str, payload: bytes, arrived_us: int) -> ParsedMessage:
    message = ParsedMessage(_place_of)
    text = payload[: _LONGEST_TEXT + 1].decode("utf-8", "replace").strip()
    value = None if text == "null" else number_of(text)
    if value is False:
        message.refuse("payload", describe_value(text) if text else "nothing", EXPECTED_NUMBER)
    else:
        _add(message, name, value, arrived_us, "good")
    return message


def _read_value(
    frame: _Frame, at: tuple[str, Keys], name: str, payload: bytes, arrived_us: int
) -> ParsedMessage:
    path, keys = at
    message = ParsedMessage(lambda _row, _name: path)
    if (read := frame.read(payload, arrived_us, message)) is not None:
        _take(message, path, name, find_value(read.content, keys), read)
    return message


def _read_paths(
    frame: _Frame, paths: tuple[tuple[str, Keys], ...], _name: str, payload: bytes, arrived_us: int
) -> ParsedMessage:
    """Values at paths of their own; a document may have some of them only."""
    message = ParsedMessage(_place_of)
    if (read := frame.read(payload, arrived_us, message)) is None:
        return message
    for name, keys in paths:
        if (value := find_value(read.content, keys)) is not _ABSENT:
            _take(message, name, name, value, read)
    if not message.readings and not message.n_refused:
        message.refuse("payload", "none of the values", "one of the paths of `values` in the plant's profile")
    return message


def _read_object(
    frame: _Frame, at: tuple[str, Keys], _name: str, payload: bytes, arrived_us: int
) -> ParsedMessage:
    path, keys = at
    message = ParsedMessage(lambda _row, name: f"{path}.{name}")
    if (read := frame.read(payload, arrived_us, message)) is None:
        return message
    values = find_value(read.content, keys)
    if not isinstance(values, dict):
        message.refuse(path, _describe(values), "an object of tags and values")
        return message
    message.check_room(len(values))
    for name, value in values.items():
        _take(message, f"{path}.{name[:LONGEST_NAME]}", name, value, read)
    if not values:
        message.note_time(read.time_us)
    return message


def _take(message: ParsedMessage, place: str, name: str, value: object, document: _Document) -> None:
    number = number_of(value)
    if number is False:
        message.refuse(place, _describe(value), EXPECTED_NUMBER)
    else:
        _add(message, name, number, document.time_us, document.quality)


def _add(message: ParsedMessage, name: str, number: float | None, time_us: int, rated: RecordQuality) -> None:
    message.readings.append(RawReading(name, time_us, number, "bad" if number is None else rated))
    message.rows.append(0)


def _place_of(_row: int, name: str) -> str:
    return name


def _describe(value: object) -> str:
    return "absent" if value is _ABSENT else describe_value(value)
