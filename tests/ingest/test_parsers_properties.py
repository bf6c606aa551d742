"""Properties: what is written in any common style reads back equal, and no bytes do worse than a refusal."""

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import openpyxl
import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plant_assets.ingest.decode.decode import decode
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.extract import ReadContext, TableReader
from plant_assets.ingest.layouts.matching import lay_out
from plant_assets.ingest.layouts.names import PlantNames
from tests.ingest.cases import PLANT, WIDE

NAMES = PlantNames(PLANT)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STAMPS = st.datetimes(datetime(1990, 1, 1), datetime(2025, 12, 31)).map(lambda t: t.replace(microsecond=0))
VALUES = st.none() | st.floats(-1e6, 1e6).map(lambda v: round(v, 4)) | st.integers(-(10**6), 10**6).map(float)
DATE_STYLES = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d.%m.%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]

Table = dict[tuple[datetime, str], float]


def records(data: bytes, name: str) -> Table:
    """All records of a file, before ranges are looked at."""
    decoded = decode(data, name, max_bytes=2**24)
    found: Table = {}
    for grid in decoded.grids:
        reader = TableReader(grid, lay_out(grid, NAMES, name.rpartition(".")[0]), ReadContext("UTC", NOW))
        decimal = reader.decimal(decoded.delimiter, workbook=decoded.format in ("xls", "xlsx"))
        for time, tag, value in pl.concat(reader.records(decimal)).select("timestamp", "tag", "value").rows():
            found[time.replace(tzinfo=None), tag] = value
    return found


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[datetime], dict[str, list[float | None]]]:
    stamps = draw(st.lists(STAMPS, min_size=1, max_size=12, unique=True))
    tags = draw(st.lists(st.sampled_from(PLANT.columns), min_size=1, max_size=4, unique=True))
    size = len(stamps)
    return stamps, {tag: draw(st.lists(VALUES, min_size=size, max_size=size)) for tag in tags}


def written(value: float | None, decimal: str) -> str:
    return "" if value is None else f"{value:.4f}".replace(".", decimal)


def expected(stamps: list[datetime], columns: dict[str, list[float | None]]) -> Table:
    return {
        (time, tag): value
        for tag, cells in columns.items()
        for time, value in zip(stamps, cells, strict=True)
        if value is not None
    }


def joined(rows: list[list[str]], delimiter: str, ending: str, quoted: bool) -> str:
    def cell(text: str) -> str:
        return f'"{text}"' if quoted or delimiter in text else text

    return "".join(delimiter.join(cell(c) for c in row) + ending for row in rows)


STYLE = st.tuples(
    st.sampled_from(",;\t|"),
    st.sampled_from(ENCODINGS),
    st.sampled_from(".,"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(DATE_STYLES),
)
Style = tuple[str, str, str, str, bool, str]


@QUICK
@given(tables(), STYLE)
def test_any_wide_table_in_any_style_reads_back_equal(
    table: tuple[list[datetime], dict[str, list[float | None]]], style: Style
) -> None:
    delimiter, encoding, decimal, ending, quoted, dates = style
    stamps, columns = table
    rows = [["Zeit [Ortszeit] °", *columns]]
    rows[0][0] = "timestamp"
    for i, stamp in enumerate(stamps):
        rows.append([stamp.strftime(dates), *(written(cells[i], decimal) for cells in columns.values())])
    data = joined(rows, delimiter, ending, quoted).encode(encoding)
    assert records(data, "export.csv") == expected(stamps, columns)


@QUICK
@given(tables(), STYLE)
def test_any_long_table_in_any_style_reads_back_equal(
    table: tuple[list[datetime], dict[str, list[float | None]]], style: Style
) -> None:
    delimiter, encoding, decimal, ending, quoted, dates = style
    stamps, columns = table
    rows = [["Tag", "Timestamp", "Value (°C)", "Quality"]]
    for tag, cells in columns.items():
        rows += [
            [tag.lower(), stamp.strftime(dates), written(value, decimal), "Good"]
            for stamp, value in zip(stamps, cells, strict=True)
        ]
    data = joined(rows, delimiter, ending, quoted).encode(encoding)
    assert records(data, "export.csv") == expected(stamps, columns)


@settings(QUICK, max_examples=40)
@given(tables())
def test_any_wide_workbook_reads_back_equal(
    table: tuple[list[datetime], dict[str, list[float | None]]],
) -> None:
    stamps, columns = table
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["timestamp", *columns])
    for i, stamp in enumerate(stamps):
        sheet.append([stamp, *(cells[i] for cells in columns.values())])
    buffer = io.BytesIO()
    book.save(buffer)
    assert records(buffer.getvalue(), "export.xlsx") == expected(stamps, columns)


@settings(QUICK, max_examples=40)
@given(tables())
def test_any_parquet_reads_back_equal(table: tuple[list[datetime], dict[str, list[float | None]]]) -> None:
    stamps, columns = table
    buffer = io.BytesIO()
    schema = {"timestamp": pl.Datetime("us"), **dict.fromkeys(columns, pl.Float64)}
    pl.DataFrame({"timestamp": stamps, **columns}, schema=schema).write_parquet(buffer)
    assert records(buffer.getvalue(), "export.parquet") == expected(stamps, columns)


@st.composite
def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """A good file with a piece cut out, replaced or doubled."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 200)))
    middle = draw(
        st.binary(max_size=20) | st.sampled_from([b"", data[start:end] * 2, b"\n", b'"', b",,,;;;", b"\r"])
    )
    return data[:start] + middle + data[end:]


CELLS = st.sampled_from(
    ["timestamp", "tag", "value", "TE301020", "PDT31008", "2015-01-01 00:00", "01/02/2015", "1,5", "1.5", "", "Bad", '"',
     "start", "end", "date", "time", "2015-10-25 02:30", "1e999", "1422691500", "=1+1", "quality", "LIC31002", "pv"]
)  # fmt: skip


def survives(data: bytes, name: str) -> None:
    with suppress(Refusal):
        records(data, name)


@settings(QUICK, max_examples=400)
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.xlsx", "a.xls", "a.parquet"]))
def test_random_bytes_are_at_worst_refused(data: bytes, name: str) -> None:
    magic = {"a.xlsx": b"PK\x03\x04", "a.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.parquet": b"PAR1"}
    survives(data, name)
    if name in magic:
        survives(magic[name] + data + (b"PAR1" if name == "a.parquet" else b""), name)


@settings(QUICK, max_examples=600)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8), st.sampled_from(",;\t|"), st.text(max_size=5))
def test_random_tables_are_at_worst_refused(rows: list[list[str]], delimiter: str, tail: str) -> None:
    survives(
        ("\n".join(delimiter.join(row) for row in rows) + tail).encode("utf-8", "replace"), "LIC31002.csv"
    )


@settings(QUICK, max_examples=400)
@given(spoiled(WIDE.encode()))
@example(WIDE.encode()[:-3])
def test_spoiled_text_is_at_worst_refused(data: bytes) -> None:
    survives(data, "TE301020.csv")


def _parquet() -> bytes:
    buffer = io.BytesIO()
    stamps = [datetime(2015, 1, 1) + timedelta(hours=i) for i in range(20)]
    pl.DataFrame({"timestamp": stamps, "TE301020": [float(i) for i in range(20)]}).write_parquet(buffer)
    return buffer.getvalue()


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    for i in range(20):
        book.worksheets[0].append([float(i), datetime(2015, 1, 1) + timedelta(hours=i)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@settings(QUICK, max_examples=200)
@given(spoiled(_parquet()))
def test_spoiled_parquet_is_at_worst_refused(data: bytes) -> None:
    survives(data, "TE301020.parquet")


@settings(QUICK, max_examples=200)
@given(spoiled(_workbook()))
def test_spoiled_workbooks_are_at_worst_refused(data: bytes) -> None:
    survives(data, "TE301020.xlsx")
