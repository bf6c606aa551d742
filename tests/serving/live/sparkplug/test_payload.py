"""Bytes on the wire, and the profile's section about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.live.sources.sparkplug.payload import (
    PayloadError,
    SparkplugPayload,
    decode_payload,
    encode_payload,
    number_of,
)
from tests.serving.live.sites import small_profile
from tests.serving.live.sparkplug.edges import NOW_MS, metric

WIRE = bytes.fromhex("0880d095ffbc31120f0a04666c6f771001200965000020411803")
"""Written by hand after the specification: time 1700000000000, `flow` with alias 1, a float of 10, sequence number 3."""


def test_the_bytes_are_those_of_the_specification() -> None:
    assert decode_payload(WIRE) == SparkplugPayload(NOW_MS, 3, [metric("flow", 10.0, 1, 9)])
    assert encode_payload(SparkplugPayload(NOW_MS, 3, [metric("flow", 10.0, 1, 9)])) == WIRE


@pytest.mark.parametrize(
    ("datatype", "sent", "number"),
    [(1, 0xFB, -5), (1, 0xFFFFFFFB, -5), (2, 0xFFFB, -5), (3, 2**32 - 5, -5), (4, 2**64 - 5, -5), (5, 251, 251), (7, 2**32 - 5, 2**32 - 5), (8, 2**63, 2**63)],
)  # fmt: skip
def test_whole_numbers_have_the_sign_of_their_type(datatype: int, sent: int, number: float) -> None:
    assert number_of(metric("flow", sent), datatype) == number


def test_true_is_one_and_a_whole_number_of_unknown_type_is_none() -> None:
    assert number_of(metric("running", value=True), 11) == 1.0
    assert number_of(metric("when", 1_700_000_000_000), 13) is None
    assert number_of(metric("recipe", "A7"), 12) is None


@given(st.floats(), st.integers(0, 2**63), st.text(max_size=30), st.booleans())
def test_what_is_written_is_read(value: float, alias: int, name: str, historical: bool) -> None:
    sent = SparkplugPayload(NOW_MS, 255, [metric(name or None, value, alias, historical=historical)])
    read = decode_payload(encode_payload(sent))
    assert repr(read) == repr(sent)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        payload = decode_payload(content)
    except PayloadError:
        return
    assert payload.seq is None or 0 <= payload.seq <= 255


def test_a_time_that_no_calendar_has_is_refused_with_its_place() -> None:
    sent = SparkplugPayload(NOW_MS, 0, [metric("flow", 1.0), metric("level", 1.0, time_ms=2**60)])
    with pytest.raises(
        PayloadError, match=r"metrics\.1\.timestamp: got 1152921504606846976; expected milliseconds"
    ):
        decode_payload(encode_payload(sent))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"group": "g/h", "edge": "e"}, "live.sparkplug.group"),
        ({"group": "g"}, "live.sparkplug.edge"),
        ({"group": "g", "edge": "e", "names": {"m": "NOPE"}}, "live.sparkplug.names: expected tags of the plant, got 'NOPE'"),
    ],
)  # fmt: skip
def test_a_profile_says_which_edge_node_and_is_told_what_is_wrong(
    options: dict[str, object], fault: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        small_profile({"sparkplug": options})
    (error,) = caught.value.errors()
    assert fault in f"{'.'.join(map(str, error['loc']))}: {error['msg']}" or fault in error["msg"]
