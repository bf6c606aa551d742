"""Bodies that somebody made up to harm: they are refused by the parsers' own errors, and before they fill the memory."""

import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.errors import InvalidInput
from serving.live.sources.json_rows import BadDocumentError, parse_json, parse_ndjson
from serving.live.sources.message import ParsedMessage, TooManyReadingsError
from serving.live.sources.push.arrow_body import parse_arrow
from serving.live.sources.push.line_protocol import parse_lines
from serving.live.sources.sparkplug.host import MOST_DEVICES, MOST_METRICS, SparkplugHost
from serving.live.sources.sparkplug.payload import (
    PayloadError,
    SparkplugMetric,
    SparkplugPayload,
    decode_payload,
    encode_payload,
)
from serving.live.sources.sparkplug.topics import SparkplugTopic
from tests.serving.live.sparkplug.edges import NODE, ScriptedEdge, metric

NOW_US = 1_740_981_600_000_000
MB = 1024 * 1024
LARGEST = 8 * MB
"""What a service takes by default."""
MOST_MB = 100
"""Of memory, for one body."""
TIME = b'{"timestamp":"2025-03-03T06:00:00Z",'
ROW = {"timestamp": "2025-03-03T06:00:00Z", "values": {"FT101": 1.5}, "quality": {"FT101": "good"}}


def lines(content: bytes) -> ParsedMessage:
    return parse_lines(content, (1, 1000), NOW_US)


@pytest.mark.parametrize(
    ("parse", "content"),
    [
        (parse_json, b"[" + b"{}," * (LARGEST // 3 - 1) + b"{}]"),
        (parse_json, TIME + b'"values":{"A":[' + b"[]," * (LARGEST // 3 - 20) + b"[]]}}"),
        (parse_json, TIME + b'"values":{"A":[' + b"1.5," * (LARGEST // 4 - 20) + b"1]}}"),
        (parse_json, TIME + b'"values":{' + b",".join(b'"n%d":1' % n for n in range(300_000)) + b"}}"),
        (parse_ndjson, b"{}\n" * (LARGEST // 3)),
        (lines, b"x\n" * (LARGEST // 2)),
        (lines, b'a a="\\' * (LARGEST // 6)),
    ],
    ids=["objects", "arrays", "numbers", "names", "ndjson", "lines", "quotes"],
)
def test_small_parts_by_the_million_are_refused_before_they_fill_the_memory(
    parse: Callable[[bytes], ParsedMessage], content: bytes
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooManyReadingsError, match="more than 200,000 readings"):
            parse(content)
        assert tracemalloc.get_traced_memory()[1] < MOST_MB * MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "time",
    [
        b"1e308",
        b"-1e308",
        b"9" * 300,
        b"-9223372036854775808",
        b'"2025-03-03T06:00:00.' + b"0" * 100_000 + b'Z"',
    ],
    ids=["huge", "negative", "digits", "64 bits", "fraction"],
)
def test_times_that_no_calendar_has_are_refused_by_their_place(time: bytes) -> None:
    message = parse_json(b'{"timestamp":' + time + b',"values":{"FT101":1}}')
    assert not message.readings
    assert [refused.place for refused in message.refused] == ["body.timestamp"]


def test_of_equal_names_the_last_counts_and_minus_zero_is_a_number() -> None:
    message = parse_json(TIME + b'"values":{"FT101":1,"FT101":-0.0}}')
    assert [(one.name, str(one.value)) for one in message.readings] == [("FT101", "-0.0")]


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([1e308, -1e308, 2**63, -(2**63), "2025-03-03T06:00:00Z", "9**9**9", "\0", "good", ROW]),
)
DOCUMENTS = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["timestamp", "values", "tag", "value", "quality", "unit", "readings", "FT101"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(DOCUMENTS)
@example({"timestamp": 1e308, "values": {"FT101": 1}})
def test_any_document_is_read_or_refused(document: object) -> None:
    content = json.dumps(document).encode()
    for parse in (parse_json, parse_ndjson):
        try:
            message = parse(content)
        except BadDocumentError:
            continue
        assert len(message.places()) == len(message.readings)
        assert all(isinstance(one.value, float | None) for one in message.readings)


@settings(max_examples=150)
@given(st.binary(max_size=60), st.integers(0, 200), st.binary(max_size=4))
def test_damaged_bodies_are_read_or_refused_by_their_parsers_own_errors(
    noise: bytes, at: int, patch: bytes
) -> None:
    for parse, good, errors in GOOD:
        place = at % len(good)
        for content in (noise, good[:place], good[:place] + patch + good[place + len(patch) :]):
            with suppress(*errors):
                assert parse(content) is not None


def _payload() -> bytes:
    metrics = [
        SparkplugMetric("FLOW", 1, 1_740_981_600_000, 10, 1.5, properties={"engUnit": "bar", "Quality": 192}),
        SparkplugMetric(None, 2, None, 4, 7, whole=True),
    ]
    return encode_payload(SparkplugPayload(1_740_981_600_000, 0, metrics))


def _arrow() -> bytes:
    times = pa.array([NOW_US] * 3, pa.timestamp("us", "UTC"))
    batch = pa.record_batch({"timestamp": times, "FT101": pa.array([1.0, None, 2.0])})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


GOOD: list[tuple[Callable[[bytes], object], bytes, tuple[type[Exception], ...]]] = [
    (parse_json, json.dumps(ROW).encode(), (BadDocumentError,)),
    (parse_ndjson, json.dumps(ROW).encode() * 2, ()),
    (lines, b'plant,tag=FT101,unit=bar value=1.5,quality="good" 1740981600000000000\nx y=1i', ()),
    (parse_arrow, _arrow(), (InvalidInput,)),
    (decode_payload, _payload(), (PayloadError,)),
]


def test_a_payload_of_too_many_metrics_and_a_compressed_one_are_refused() -> None:
    with pytest.raises(PayloadError, match="1,000,000 metrics; expected at most 20,000"):
        decode_payload(b"\x12\x00" * 1_000_000)
    with pytest.raises(PayloadError, match="a compressed payload"):
        decode_payload(b"\x22\x12SPBV1.0_COMPRESSED\x2a\x00")


def test_births_without_end_are_remembered_up_to_a_bound_and_told() -> None:
    host, edge = SparkplugHost(), ScriptedEdge()
    host.receive(*edge.birth({1: "FLOW"}, FLOW=1.0), 0.0, 0)
    for number in range(MOST_DEVICES):
        host.receive(*edge.device_birth(f"d{number}", {}), 0.0, 0)
    (fault,) = host.receive(*edge.device_birth("one more", {}), 0.0, 0).faults
    assert "more than 1,000 devices" in fault
    assert len(host.devices(NODE)) == MOST_DEVICES
    (value,) = host.receive(*edge.data(1, 2.0), 0.0, 0).values
    assert (value.name, value.value) == ("FLOW", 2.0)


def test_a_births_metrics_beyond_the_bound_are_told_and_long_names_left_out() -> None:
    host, edge = SparkplugHost(), ScriptedEdge()
    host.receive(*edge.birth({1: "FLOW"}, FLOW=1.0), 0.0, 0)
    many = [metric(f"n{number}", 1.0) for number in range(MOST_METRICS)]
    topic = SparkplugTopic("DBIRTH", NODE, "pump")
    effects = host.receive(topic, SparkplugPayload(0, edge.count(), many), 0.0, 0)
    assert "more than 50,000 metrics" in effects.faults[0]
    assert effects.births == []
    long = [metric("x" * 501, 1.0), metric("LEVEL", 2.0)]
    effects = host.receive(topic, SparkplugPayload(0, edge.count(), long), 0.0, 0)
    assert "metrics.0: a name of 501 characters" in effects.faults[0]
    assert list(host.devices(NODE)["pump"].by_name) == ["LEVEL"]
