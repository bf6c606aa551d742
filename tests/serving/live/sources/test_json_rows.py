"""JSON readings: rows and records in each form, and what is refused of them by its place."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.live.readings import MOST_REFUSED, RawReading
from serving.live.sources.json_rows import BadDocumentError, parse_json, parse_ndjson

AT = 1_740_981_600_000_000
TIME = "2025-03-03T06:00:00Z"
ROW = {
    "timestamp": TIME,
    "values": {"FT101": 50.5, "PT7": None, "N": 3},
    "quality": {"FT101": "uncertain"},
    "unit": {"N": "bar"},
}
OF_ROW = [
    RawReading("FT101", AT, 50.5, "uncertain"),
    RawReading("PT7", AT, None, "bad"),
    RawReading("N", AT, 3.0, "good", "bar"),
]
RECORD = {"timestamp": AT // 1000, "tag": "FT101", "value": 50.5, "quality": "Bad", "unit": "m3/h"}
OF_RECORD = RawReading("FT101", AT, 50.5, "bad", "m3/h")


@pytest.mark.parametrize(
    ("document", "places"),
    [
        (ROW, ["FT101", "PT7", "N"]),
        ([ROW], ["readings.0.FT101", "readings.0.PT7", "readings.0.N"]),
        ({"readings": [ROW]}, ["readings.0.FT101", "readings.0.PT7", "readings.0.N"]),
    ],
)
def test_a_row_is_read_alone_and_in_arrays(document: object, places: list[str]) -> None:
    message = parse_json(orjson.dumps(document))
    assert (message.readings, message.refused) == (OF_ROW, [])
    assert list(message.places()) == places
    assert message.places()[1:] == places[1:]


def test_records_and_rows_may_stand_together() -> None:
    message = parse_json(orjson.dumps([RECORD, ROW]))
    assert message.readings == [OF_RECORD, *OF_ROW]


def test_lines_are_documents_of_their_own() -> None:
    message = parse_ndjson(
        b"\n".join([orjson.dumps(ROW), b"", b"{broken", orjson.dumps(RECORD), b"[1]", b""])
    )
    assert message.readings == [*OF_ROW, OF_RECORD]
    assert [refused.place for refused in message.refused] == ["line 3", "line 5"]
    assert message.places()[-1] == "line 4, FT101"


def test_a_row_without_values_tells_that_its_time_has_come() -> None:
    message = parse_json(orjson.dumps([{"timestamp": TIME, "values": {}}, {"timestamp": 0, "values": {}}]))
    assert (message.readings, message.refused, message.newest_us) == ([], [], AT)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2025-03-03T07:00:00+01:00", AT),
        ("2025-03-03 06:00:00.000001Z", AT + 1),
        ("2025-03-03T06:00:00.123456789Z", AT + 123_456),
        (AT / 1000 + 0.25, AT + 250),
        (-1, -1000),
    ],
)
def test_times_are_read_exactly(time: object, expected: int) -> None:
    (reading,) = parse_json(orjson.dumps({"timestamp": time, "values": {"FT101": 1.0}})).readings
    assert reading.time_us == expected


def row(**changes: object) -> dict[str, object]:
    return {key: value for key, value in {**ROW, **changes}.items() if value != "absent"}


def record(**changes: object) -> dict[str, object]:
    return {key: value for key, value in {**RECORD, **changes}.items() if value != "absent"}


@pytest.mark.parametrize(
    ("document", "place", "got"),
    [
        (row(timestamp="absent"), "readings.0.timestamp", "absent"),
        (row(timestamp="2025-03-03T06:00:00"), "readings.0.timestamp", "a time without an offset"),
        (row(timestamp="yesterday"), "readings.0.timestamp", "got 'yesterday'"),
        (row(timestamp=1e300), "readings.0.timestamp", "a time beyond the years 1 to 9999"),
        (row(timestamp=True), "readings.0.timestamp", "got true"),
        (row(timestamp=None), "readings.0.timestamp", "got null"),
        (row(values=[1]), "readings.0.values", "got an array"),
        (row(quality=["good"]), "readings.0.quality", "got an array"),
        (row(unit="bar"), "readings.0.unit", "got 'bar'"),
        (row(qualities={}), "readings.0", "an unknown field 'qualities'"),
        (record(tag="absent"), "readings.0.tag", "absent"),
        (record(tag=7), "readings.0.tag", "got 7"),
        (record(tag=""), "readings.0.tag", "got ''"),
        (record(value="absent"), "readings.0.value", "absent"),
        (record(value="50.5"), "readings.0.FT101", "got '50.5'"),
        (record(value=True), "readings.0.FT101", "got true"),
        (record(quality="fine"), "readings.0.quality.FT101", "got 'fine'"),
        (record(quality=192), "readings.0.quality.FT101", "got 192"),
        (record(unit=7), "readings.0.unit.FT101", "got 7"),
        (7, "readings.0", "got 7"),
        ({}, "readings.0.timestamp", "absent"),
    ],
)
def test_what_can_not_be_used_is_refused_by_its_place(document: object, place: str, got: str) -> None:
    message = parse_json(orjson.dumps([document, RECORD]))
    assert message.readings == [OF_RECORD]
    ((at, reason, expected),) = message.refused
    assert at == place
    assert got in reason
    assert expected


def test_one_wrong_value_leaves_the_others_of_its_row() -> None:
    document = row(values={"FT101": "x", "PT7": 2}, quality={"PT7": "good", "N": "bad"})
    message = parse_json(orjson.dumps(document))
    assert message.readings == [RawReading("PT7", AT, 2.0)]
    assert sorted(refused.place for refused in message.refused) == [
        "body.FT101",
        "body.quality.N",
        "body.unit.N",
    ]


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"timestamp": 0, "values": {"FT101": NaN}}', "not valid JSON"),
        (b'{"timestamp": 0, "values": {"FT101": 1e999}}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'"\xff"', "not valid JSON"),
        (b"7", "got 7"),
        (b"null", "got null"),
        (b'{"readings": 7}', "got 7"),
        (b'{"readings": [], "plant": "x"}', "an unknown field 'plant'"),
    ],
)
def test_what_is_no_document_of_readings_is_one_sentence(content: bytes, got: str) -> None:
    with pytest.raises(BadDocumentError) as refused:
        parse_json(content)
    assert got in str(refused.value)
    assert "values" in refused.value.expected


def test_of_very_many_refusals_the_first_are_kept_and_all_counted() -> None:
    message = parse_json(orjson.dumps([7] * 5000))
    assert (message.n_refused, len(message.refused)) == (5000, MOST_REFUSED)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["timestamp", "values", "quality", "unit", "tag", "value", "readings", "FT101"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(document=JSON)
def test_any_document_is_read_or_refused(document: object) -> None:
    try:
        message = parse_json(orjson.dumps(document))
    except BadDocumentError:
        return
    assert len(message.readings) == len(list(message.places()))
    assert all(r.value is None or math.isfinite(r.value) for r in message.readings)
