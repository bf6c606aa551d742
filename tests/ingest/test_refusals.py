"""Every kind of bad input is refused with its place, and none is half read."""

import io
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest import reading as reading_module
from plant_assets.ingest.decode import opening
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.reading import combine
from tests.ingest.cases import BERLIN, PLANT, WIDE, read, refused, write

HEAD = "timestamp,TE301020,PDT31008\n2015-01-01 00:00,107,229\n"


def test_a_refusal_says_place_and_expectation_in_one_line() -> None:
    refusal = Refusal("code", "found this", place="row 2", expected="that")
    assert str(refusal) == "row 2: found this; expected that"
    assert refusal.as_dict() == {
        "code": "code",
        "message": "found this",
        "place": "row 2",
        "expected": "that",
    }


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"   \r\n", b"\x00" * 5000])
def test_empty(tmp_path: Path, content: bytes) -> None:
    refused(write(tmp_path, "a.csv", content), "empty")


def test_a_header_without_data(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "timestamp,TE301020\n"), "no_values")


def test_cut_off_within_a_row(tmp_path: Path) -> None:
    refusal = refused(write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00,10"), "truncated")
    assert refusal.place == "row 3"


def test_cut_off_within_quotes(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", HEAD + '"2015-01-01 01:00","107","2'), "open_quote")


def test_a_last_line_without_end_is_read_and_noted(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00,107,230"))
    assert reading.report.counts["records"] == 4
    assert "last line has no line end" in " ".join(reading.report.notes)


@pytest.mark.parametrize("row", ["2015-01-01 01:00,107\n", "2015-01-01 01:00,107,230,9\n"])
def test_rows_of_another_length(tmp_path: Path, row: str) -> None:
    refusal = refused(write(tmp_path, "a.csv", HEAD + row + "2015-01-01 02:00,1,2\n"), "ragged_row")
    assert refusal.place == "row 3"


@pytest.mark.parametrize("above", ["", "Export of the plant\n"])
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("timestamp,TE301020,PDT31008", "{n},2015-01-01 0{n}:00,107,229"),
        ("timestamp,TE301020", "2015-01-01 0{n}:00,107,229"),
        ("timestamp,TE301020", "2015-01-01 0{n}:00,107,229,3,4"),
        ("timestamp,TE301020,PDT31008,FT301", "2015-01-01 0{n}:00,107,229"),
    ],
    ids=["row numbers", "one short", "three short", "one long"],
)
def test_a_header_of_another_length_than_the_rows(tmp_path: Path, above: str, header: str, row: str) -> None:
    text = above + "\n".join([header, *(row.format(n=n) for n in range(1, 6))]) + "\n"
    refusal = refused(write(tmp_path, "a.csv", text), "ragged_row")
    assert refusal.place == ("row 2" if above else "row 1")
    names, cells = header.count(",") + 1, row.count(",") + 1
    assert refusal.message == f"the header has {names} fields, the rows below it have {cells}"


@pytest.mark.parametrize(("header_end", "row_end"), [(",", ""), ("", ","), (",,", ""), ("", ", ")])
def test_empty_cells_at_an_end_do_not_count(tmp_path: Path, header_end: str, row_end: str) -> None:
    rows = "".join(f"2015-01-01 0{n}:00,107,229{row_end}\n" for n in range(5))
    path = write(tmp_path, "a.csv", f"timestamp,TE301020,PDT31008{header_end}\n{rows}")
    assert read(path).report.counts["records"] == 10


def test_a_decimal_comma_in_a_comma_separated_file_is_explained(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00,107,5,230\n2015-01-01 02:00,107,230\n")
    assert "decimal comma" in refused(path, "ragged_row").message


def test_text_in_a_number_column_names_row_and_column(tmp_path: Path) -> None:
    refusal = refused(
        write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00,107,pump off\n"), "text_in_number_column"
    )
    assert refusal.place == "row 3, column C ('PDT31008')"
    assert "'pump off'" in refusal.message


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "@SUM(1+1)", "+HYPERLINK(1)", "=1+1"])
def test_spreadsheet_formulas_in_text_are_text(tmp_path: Path, text: str) -> None:
    refusal = refused(
        write(tmp_path, "a.csv", HEAD + f"2015-01-01 01:00,{text},1\n"), "text_in_number_column"
    )
    assert refusal.place == "row 3, column B ('TE301020')"


def test_control_characters_never_reach_a_message(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00,\x1b[31mx" + "y" * 500 + ",1\n")
    message = refused(path, "text_in_number_column").message
    assert message.isprintable()
    assert len(message) < 200


def test_no_known_tag_suggests_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "timestamp,TE301021,foo\n2015-01-01 00:00,1,2\n")
    refusal = refused(path, "no_known_tag")
    assert "did you mean TE301020?" in refusal.message
    assert refusal.place == "row 1"


def test_no_known_tag_in_a_long_table(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "tag,timestamp,value\nXX1,2015-01-01 00:00,1\n")
    assert "'XX1'" in refused(path, "no_known_tag").message


def test_two_columns_of_one_tag(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "timestamp,TE301020,te301020\n2015-01-01 00:00,1,2\n")
    assert refused(path, "duplicate_column").place == "column C ('te301020')"


def test_no_header(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "2015-01-01 00:00,1,2\n2015-01-01 01:00,1,2\n"), "no_header")


def test_no_times(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "TE301020,PDT31008\n1,2\n"), "no_time_column")


def test_one_column_only(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "hello\nworld\n"), "no_delimiter")


def test_a_value_without_a_time(tmp_path: Path) -> None:
    assert (
        refused(write(tmp_path, "a.csv", HEAD + ",107,230\n"), "missing_time").place
        == "row 3, column A ('timestamp')"
    )


def test_a_time_that_is_none(tmp_path: Path) -> None:
    refusal = refused(write(tmp_path, "a.csv", HEAD + "yesterday,107,230\n"), "no_time")
    assert refusal.place == "row 3, column A ('timestamp')"


def test_1970(tmp_path: Path) -> None:
    refusal = refused(write(tmp_path, "a.csv", HEAD + "1970-01-01 00:00,107,230\n"), "date_too_early")
    assert refusal.place == "row 3, column A ('timestamp')"


def test_the_future(tmp_path: Path) -> None:
    refusal = refused(write(tmp_path, "a.csv", HEAD + "2026-01-01 01:00,107,230\n"), "date_in_future")
    assert refusal.place == "row 3, column A ('timestamp')"


def test_mixed_time_zones(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", HEAD + "2015-01-01 01:00+01:00,107,230\n")
    assert refused(path, "mixed_time_zones").place == "row 3, column A ('timestamp')"


def test_mixed_decimal_marks(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "timestamp;TE301020\n2015-01-01 00:00;1,5\n2015-01-01 01:00;1.5\n")
    refusal = refused(path, "mixed_decimals")
    assert refusal.place == "row 2, column B ('TE301020')"
    assert "row 3" in refusal.message


def test_a_number_that_may_be_two(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", 'timestamp,TE301020\n2015-01-01 00:00,"1,234"\n'), "unclear_decimals")


def test_mostly_out_of_range(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.csv",
        "timestamp,TE301020\n2015-01-01 00:00,107\n2015-01-01 01:00,380\n2015-01-01 02:00,381\n",
    )
    refusal = refused(path, "out_of_range")
    assert refusal.place == "row 3, TE301020"
    assert "0 to 250 degC" in refusal.expected


def test_nothing_but_missing_values(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "timestamp,TE301020\n2015-01-01 00:00,Bad\n"), "no_values")


def test_a_time_that_the_clock_change_skips(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "timestamp,TE301020\n2015-03-29 02:30,107\n")
    assert refused(path, "skipped_hour", BERLIN).place == "row 2, column A ('timestamp')"


def test_one_line_of_100_mb(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", b"timestamp,TE301020\n" + b"1" * (100 * 2**20))
    assert refused(path, "long_line", max_bytes=200 * 2**20).place == "row 2"


def test_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    os.truncate(path, 10 * 2**30)
    refused(path, "too_large")


def test_too_many_cells(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", ("," * 3000 + "\n") * 20_000), "too_many_cells")


def test_too_many_columns(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", "," * 20_000 + "\n" + "," * 20_000 + "\n"), "too_many_columns")


def test_not_text(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.csv", bytes(range(1, 32)) * 100 + b"\n"), "not_text")
    refused(write(tmp_path, "b.csv", WIDE.encode() + b"\x00\x00rest"), "not_text")


def _zip(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.csv", _zip({"a.csv": b"1"}), "zip archive"),
        ("a.xlsx", WIDE.encode(), "text"),
        ("a.xlsx", _zip({"a.csv": b"1"}), "without a workbook"),
        ("a.parquet", WIDE.encode(), "text"),
        ("a.xls", WIDE.encode(), "text"),
        ("a.xls", b"<html><table></table></html>", "web page"),
        ("a.csv", b"PAR1" + b"x" * 50 + b"PAR1", "Parquet"),
        ("a.csv", b"\x1f\x8b" + b"x" * 50, "gzip"),
        ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0x" * 600, "password"),
    ],
)
def test_content_other_than_the_name_says(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    assert found in refused(write(tmp_path, name, content), "wrong_extension").message


@pytest.mark.parametrize("name", ["a.doc", "a", "a.csv.exe", "a.zip"])
def test_other_extensions(tmp_path: Path, name: str) -> None:
    refused(write(tmp_path, name, WIDE), "unknown_extension")


def test_parquet_cut_off(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"timestamp": ["2015-01-01 00:00"] * 50, "TE301020": [1.0] * 50}).write_parquet(buffer)
    data = buffer.getvalue()
    refused(write(tmp_path, "a.parquet", data[: len(data) // 2]), "truncated")
    refused(write(tmp_path, "b.parquet", data[: len(data) // 2] + b"PAR1"), "damaged")


def test_parquet_that_unpacks_to_far_more(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    text = "x" * 100_000
    pl.DataFrame({"timestamp": [f"{text}{i}" for i in range(500)]}).write_parquet(path, compression="zstd")
    refused(path, "bomb", max_bytes=2**20)
    pl.DataFrame({"a": pl.repeat(1.0, 50_000_000, eager=True)}).write_parquet(path)
    refused(path, "too_many_cells")


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.csv", WIDE)
    original = Path.open

    def opened(self: Path, *args: str):
        file = original(self, *args)
        if self == path:
            os.utime(path, ns=(1, 1))
        return file

    monkeypatch.setattr(reading_module.Path, "open", opened)
    assert "still being written" in refused(path, "changing").message


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.csv", WIDE)
    original = Path.open

    def opened(self: Path, *args: str):
        if self == path:
            with original(path, "ab") as more:
                more.write(b"2015-01-01 02:00:00,1")
        return original(self, *args)

    monkeypatch.setattr(reading_module.Path, "open", opened)
    refused(path, "changing")


def test_a_file_that_is_gone_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.csv")
    (tmp_path / "folder.csv").mkdir()
    refused(tmp_path / "folder.csv", "not_a_file")


def test_an_operator_log_with_impossible_rows(tmp_path: Path) -> None:
    head = "start_time,end_time,reason\n2015-01-01 00:00,2015-01-01 01:00,x\n"
    assert (
        refused(
            write(tmp_path, "a.csv", head + "2015-01-02 00:00,2015-01-01 00:00,y\n"), "period_reversed"
        ).place
        == "row 3"
    )
    assert refused(write(tmp_path, "b.csv", head + "2015-01-02 00:00,,y\n"), "missing_time").place == "row 3"


def test_a_drop_without_any_record(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "a.csv", WIDE))
    hollow = reading_module.FileReading(
        "records", reading.records.clear(), None, reading.report, reading.sha256
    )
    with pytest.raises(Refusal, match="no value of Gas treatment unit in 1 files"):
        combine([hollow], PLANT)


def test_a_parser_that_panics_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panics(*args: object, **kwargs: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr(opening, "decode", panics)
    assert "PanicException" in refused(write(tmp_path, "a.csv", WIDE), "unreadable").message
