"""Payloads of Sparkplug B: from bytes to metrics, and back.

Belongs here: what a payload's fields mean. Doesn't belong here: their numbers (`schema.py`), what an edge node has said
before (`host.py`).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from google.protobuf.message import DecodeError

from serving.live.sources.sparkplug.schema import PAYLOAD

PropertyScalar = float | str | None
_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Data types of signed whole numbers, and their widths; they travel as two's complement."""
INT64, UINT64, DOUBLE, BOOLEAN, STRING = 4, 8, 10, 11, 12
_NO_SCALARS = ("", "bytes_value", "dataset_value", "template_value")
_WHOLE = range(1, 9)
_TIMES = 13
SEQUENCE = 256
LARGEST_TIME_MS = 253_402_300_799_999  # the year 9999


MOST_METRICS = 20_000
_COMPRESSED = "SPBV1.0_COMPRESSED"


class PayloadError(ValueError):
    """Bytes that are no payload; the text says what is wrong."""


class SparkplugMetric(NamedTuple):
    """A metric as an edge node gives it.

    Attributes:
        name: None where only the alias is given.
        alias: None where only the name is given.
        time_ms: None where the payload's holds.
        datatype: of the specification; 0 where a birth's holds.
        value: as it travelled: an unsigned number, a float, a bool or a text; None if it is null.
        whole: whether the value travelled as an unsigned whole number, whose sign the data type tells.
        historical: whether it was stored at the edge while the host was away.
        properties: of numbers and texts; those of other types are left out.
    """

    name: str | None
    alias: int | None
    time_ms: int | None
    datatype: int
    value: float | str | None
    whole: bool = False
    historical: bool = False
    properties: Mapping[str, PropertyScalar] = {}


@dataclass(frozen=True, slots=True)
class SparkplugPayload:
    """A payload.

    Attributes:
        time_ms: when it was made; None if it doesn't say.
        seq: 0 to 255; None if it has none.
        metrics: in order.
    """

    time_ms: int | None
    seq: int | None
    metrics: list[SparkplugMetric] = field(default_factory=list)


def decode_payload(content: bytes) -> SparkplugPayload:
    """Read a payload.

    Raises:
        PayloadError: the bytes are no payload, or a number in it can't be true.
    """
    message = cast(Any, PAYLOAD())
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise PayloadError(f"{len(content)} bytes are no Sparkplug B payload ({error})") from None
    if message.uuid == _COMPRESSED:
        raise PayloadError("a compressed payload; expected one that isn't")
    if len(message.metrics) > MOST_METRICS:
        raise PayloadError(f"{len(message.metrics):,} metrics; expected at most {MOST_METRICS:,}")
    seq = message.seq % SEQUENCE if message.HasField("seq") else None  # peers go on counting beyond 255
    time_ms = _time(message, "timestamp")
    metrics = [_metric(metric, place) for place, metric in enumerate(message.metrics)]
    return SparkplugPayload(time_ms, seq, metrics)


def encode_payload(payload: SparkplugPayload) -> bytes:
    """The bytes of a payload, for our own edge node and commands."""
    message = cast(Any, PAYLOAD())
    if payload.time_ms is not None:
        message.timestamp = payload.time_ms
    if payload.seq is not None:
        message.seq = payload.seq
    for metric in payload.metrics:
        _fill(message.metrics.add(), metric)
    return message.SerializeToString()


def number_of(metric: SparkplugMetric, datatype: int) -> float | None:
    """A metric's value as a number: signed as its data type says, 1 and 0 for true and false.

    Args:
        metric: with a value.
        datatype: of the metric itself, or of its birth.

    Returns:
        None where it is null, or not a number that a tag can have.
    """
    value = metric.value
    if value is None or isinstance(value, str):
        return None
    if not metric.whole:
        return float(value) if math.isfinite(value) else None
    if datatype not in _WHOLE and datatype != BOOLEAN:
        return None  # a time, or unknown: the sign of a whole number is not known then
    return float(_signed(int(value), _BITS.get(datatype)))


def is_number(datatype: int) -> bool:
    """Whether values of a data type are numbers that a tag can have."""
    return datatype in range(1, BOOLEAN + 1)


def _signed(value: int, bits: int | None) -> int:
    """An unsigned number read as two's complement of so many bits; None: as it is."""
    if bits is None:
        return value
    value &= (1 << bits) - 1  # peers extend the sign of small numbers to 32 or 64 bits
    return value - (1 << bits) if value >> (bits - 1) else value


def _metric(message: Any, place: int) -> SparkplugMetric:
    kind: str = message.WhichOneof("value") or ""
    null = message.is_null or kind in _NO_SCALARS
    try:
        time_ms = _time(message, "timestamp")
    except PayloadError as error:
        raise PayloadError(f"metrics.{place}.{error}") from None
    return SparkplugMetric(
        name=message.name if message.HasField("name") and message.name else None,
        alias=message.alias if message.HasField("alias") else None,
        time_ms=time_ms,
        datatype=message.datatype,
        value=None if null else getattr(message, kind),
        whole=kind in ("int_value", "long_value"),
        historical=message.is_historical,
        properties=_properties(message.properties) if message.HasField("properties") else {},
    )


def _properties(message: Any) -> dict[str, PropertyScalar]:
    found: dict[str, PropertyScalar] = {}
    for key, value in zip(message.keys, message.values, strict=False):
        kind = value.WhichOneof("value")
        if value.is_null or kind is None:
            found[key] = None
            continue
        scalar = getattr(value, kind)
        found[key] = _signed(scalar, _BITS.get(value.type)) if kind in ("int_value", "long_value") else scalar
    return found


def _time(message: Any, name: str) -> int | None:
    if not message.HasField(name):
        return None
    value = getattr(message, name)
    if value > LARGEST_TIME_MS:
        raise PayloadError(f"{name}: got {value}; expected milliseconds since 1970")
    return value


_FIELDS = {DOUBLE: "double_value", BOOLEAN: "boolean_value", STRING: "string_value"}


def _fill(message: Any, metric: SparkplugMetric) -> None:
    for name, value in (("name", metric.name), ("alias", metric.alias), ("timestamp", metric.time_ms)):
        if value is not None:
            setattr(message, name, value)
    message.datatype = metric.datatype
    if metric.historical:
        message.is_historical = True
    if metric.value is None:
        message.is_null = True
    else:
        _set(message, metric.datatype, metric.value)
    _fill_properties(message, metric.properties.items())


def _set(message: Any, datatype: int, value: float | str) -> None:
    if datatype in _FIELDS:
        setattr(message, _FIELDS[datatype], value)
    elif datatype == 9:
        message.float_value = value
    else:
        wide = datatype in (INT64, UINT64, _TIMES)
        setattr(message, "long_value" if wide else "int_value", int(value) % (1 << (64 if wide else 32)))


def _fill_properties(message: Any, properties: Iterable[tuple[str, PropertyScalar]]) -> None:
    for key, value in properties:
        message.properties.keys.append(key)
        added = message.properties.values.add()
        added.type = STRING if isinstance(value, str) else 3 if isinstance(value, int) else DOUBLE
        if value is None:
            added.is_null = True
        else:
            _set(added, added.type, value)
