"""Arrow IPC readings: wide and long, streams and files, and what is refused of them."""

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest

from serving.errors import InvalidInput
from serving.live.readings import RawReading
from serving.live.sources.push.arrow_body import parse_arrow

AT = 1_740_981_600_000_000
TIMES = pa.array([AT, AT + 1_000_000], pa.timestamp("us", "UTC"))


def stream(columns: dict[str, pa.Array], *, file: bool = False) -> bytes:
    table, sink = pa.table(columns), pa.BufferOutputStream()
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("file", [False, True])
def test_a_column_a_tag(file: bool) -> None:
    content = stream(
        {"FT101": pa.array([1.5, None]), "timestamp": TIMES, "N": pa.array([3, 4], pa.int16())}, file=file
    )
    message = parse_arrow(content)
    assert message.readings == [
        RawReading("FT101", AT, 1.5),
        RawReading("N", AT, 3.0),
        RawReading("FT101", AT + 1_000_000, None, "bad"),
        RawReading("N", AT + 1_000_000, 4.0),
    ]
    assert list(message.places())[2:] == ["rows.1.FT101", "rows.1.N"]


def test_a_row_a_reading() -> None:
    content = stream(
        {
            "timestamp": TIMES,
            "tag": pa.array(["FT101", "PT7"]),
            "value": pa.array([1.5, 2.5]),
            "quality": pa.array(["uncertain", None]),
            "unit": pa.array([None, "bar"]),
        }
    )
    assert parse_arrow(content).readings == [
        RawReading("FT101", AT, 1.5, "uncertain"),
        RawReading("PT7", AT + 1_000_000, 2.5, "good", "bar"),
    ]


def test_polars_and_its_texts_are_read(tmp_path: object) -> None:
    frame = pl.DataFrame(
        {"timestamp": [datetime(2025, 3, 3, 6, tzinfo=UTC)], "tag": ["FT101"], "value": [1.5]}
    )
    assert parse_arrow(frame.write_ipc_stream(None).getvalue()).readings == [RawReading("FT101", AT, 1.5)]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([AT // 1000], pa.int64()),
        pa.array([AT // 1_000_000], pa.timestamp("s", "Europe/Berlin")),
        pa.array([AT * 1000], pa.timestamp("ns", "UTC")),
        pa.array([AT // 1000], pa.timestamp("ms", "UTC")),
    ],
    ids=str,
)
def test_times_of_any_unit_are_instants(times: pa.Array) -> None:
    content = stream({"timestamp": times, "FT101": pa.array([1.5])})
    assert parse_arrow(content).readings == [RawReading("FT101", AT, 1.5)]


def test_rows_that_can_not_be_used_are_refused_by_their_number() -> None:
    content = stream(
        {
            "timestamp": pa.array([AT // 1000, None, 2**62, 0, 0], pa.int64()),
            "tag": pa.array(["A", "A", "A", None, "A"]),
            "value": pa.array([1.0] * 5),
            "quality": pa.array(["good", "good", "good", "good", "fine"]),
        }
    )
    message = parse_arrow(content)
    assert message.readings == [RawReading("A", AT, 1.0)]
    assert [r.place for r in message.refused] == [
        "rows.1.timestamp",
        "rows.2.timestamp",
        "rows.3.tag",
        "rows.4.quality",
    ]


def test_a_time_alone_says_that_it_has_come() -> None:
    message = parse_arrow(stream({"timestamp": TIMES}))
    assert (message.readings, message.newest_us) == ([], AT + 1_000_000)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"FT101": pa.array([1.0])}, "columns.timestamp: absent"),
        ({"timestamp": pa.array([AT], pa.timestamp("us")), "A": pa.array([1.0])}, "times without a zone"),
        ({"timestamp": pa.array(["x"]), "A": pa.array([1.0])}, "columns.timestamp: of type string"),
        ({"timestamp": pa.array([1]), "A": pa.array(["x"])}, "columns.A: of type string"),
        ({"timestamp": pa.array([1]), "tag": pa.array(["x"])}, "columns.tag: of type string"),
        ({"timestamp": pa.array([1]), "A": pa.array(["x"]).dictionary_encode()}, "columns.A: of type dict"),
        (
            {"timestamp": pa.array([1]), "tag": pa.array(["x"]), "value": pa.array([1]), "A": pa.array([1])},
            "columns.A: an unknown column",
        ),
        ({"timestamp": pa.array([], pa.int64()), "A": pa.array([], pa.float64())}, "no rows"),
    ],
)
def test_other_columns_are_refused_by_name(columns: dict[str, pa.Array], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_arrow(stream(columns))
    assert said in refused.value.detail


def test_empty_columns_without_end_are_refused() -> None:
    rows = 400_000
    content = stream({"timestamp": pa.array([0] * 1, pa.int64()), **{f"A{i}": pa.nulls(1) for i in range(9)}})
    assert len(parse_arrow(content).readings) == 9
    table = pa.table(
        {"timestamp": pa.array([0] * rows, pa.int64()), **{f"A{i}": pa.nulls(rows) for i in range(9)}}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InvalidInput, match="10 columns of 400000 rows"):
        parse_arrow(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"{}", b"\xff" * 64], ids=repr)
def test_what_is_no_stream_is_one_sentence(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="expected an Arrow IPC stream"):
        parse_arrow(content)
