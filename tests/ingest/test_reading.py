"""Files that engineers drop are read: encodings, delimiters, layouts, names, duplicates."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.errors import FileRefusal
from plant_assets.ingest.reading import combine, read_files
from plant_assets.ingest.records import RECORD_SCHEMA
from tests.ingest.cases import BERLIN, NOW, PLANT, WIDE, read, rows, times, values, write


def test_a_wide_table_becomes_records_that_know_their_file_and_row(tmp_path: Path) -> None:
    path = write(tmp_path, "export.csv", WIDE)
    reading = read(path)
    assert reading.kind == "records"
    assert reading.records.schema == RECORD_SCHEMA
    assert reading.sha256 == hashlib.sha256(WIDE.encode()).hexdigest()
    assert reading.records["file"].unique().to_list() == [reading.sha256]
    assert reading.records.sort("row", "tag").select("tag", "value", "quality", "row").rows() == [
        ("PDT31008", 229.25, "good", 2),
        ("TE301020", 107.5, "good", 2),
        ("PDT31008", 230.5, "good", 3),
        ("TE301020", 108.0, "good", 3),
    ]
    assert reading.report.layout == "wide"
    assert reading.report.start == datetime(2015, 1, 1, tzinfo=UTC)
    assert "LIC31002_PV" in reading.report.absent
    assert reading.report.as_dict()["end"] == "2015-01-01T01:00:00+00:00"


def test_a_column_of_values_without_a_name_is_told(tmp_path: Path) -> None:
    text = "timestamp,TE301020,,,PDT31008\n2015-01-01 00:00,107,5,,229\n2015-01-01 01:00,108,6,,230\n"
    assert "Columns without a name, not read: column C." in read(write(tmp_path, "a.csv", text)).report.notes


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(
    tmp_path: Path, delimiter: str, encoding: str, ending: str
) -> None:
    text = WIDE.replace("TE301020", "TE301020 [°C]").replace(",", delimiter).replace("\n", ending)
    reading = read(write(tmp_path, "export.csv", text.encode(encoding)))
    assert values(reading, "TE301020") == [107.5, 108.0]
    assert reading.report.delimiter == delimiter
    assert reading.report.counts["records"] == 4


def test_a_decimal_comma_with_semicolons_and_german_dates(tmp_path: Path) -> None:
    text = "Zeitstempel;TE301020;PDT31008\n01.02.2015 00:30;107,5;1.229,25\n01.02.2015 01:30;108;230,5\n"
    reading = read(write(tmp_path, "export.csv", text.replace("1.229,25", "229,25")), BERLIN)
    assert values(reading, "PDT31008") == [229.25, 230.5]
    assert times(reading, "TE301020") == ["2015-01-31 23:30", "2015-02-01 00:30"]
    assert reading.report.decimal == ","


def test_a_quoted_decimal_comma_between_commas(tmp_path: Path) -> None:
    text = '"timestamp","TE301020"\n"2015-01-01 00:00","107,5"\n"2015-01-01 01:00","108"\n'
    assert values(read(write(tmp_path, "export.csv", text)), "TE301020") == [107.5, 108.0]


def test_thousands_separators_of_both_worlds(tmp_path: Path) -> None:
    plain = "timestamp;TE301020;FIC31011_PV\n2015-01-01 00:00;{};{}\n"
    german = read(write(tmp_path, "a.csv", plain.format("107,25", "0.412,5")))
    english = read(write(tmp_path, "b.csv", plain.format("107.25", "0,412.5")))
    assert values(german, "FIC31011_PV") == values(english, "FIC31011_PV") == [412.5]
    assert values(german, "TE301020") == values(english, "TE301020") == [107.25]


def test_names_in_any_case_with_units_prefixes_and_aliases(tmp_path: Path) -> None:
    tags = tuple(
        tag.model_copy(update={"aliases": ("TI-4711",)}) if tag.name == "TE301020" else tag
        for tag in PLANT.tags
    )
    profile = PLANT.model_copy(update={"tags": tags})
    header = r"Time,ti-4711 (degC),\\PISRV\pdt31008,D301.LIC31002.PV,fic31011_pv_MAX"
    reading = read(write(tmp_path, "export.csv", f"{header}\n2015-01-01 00:00,107,229,65,419\n"), profile)
    assert dict(zip(reading.records["tag"], reading.records["value"], strict=True)) == {
        "TE301020": 107.0,
        "PDT31008": 229.0,
        "LIC31002_PV": 65.0,
        "FIC31011_PV_max": 419.0,
    }


def test_unknown_columns_are_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    text = "timestamp,TE301020,PDT31080,TE301020_max,hour_of_day\n2015-01-01 00:00,107,1,2,3\n"
    reading = read(write(tmp_path, "export.csv", text))
    assert reading.report.tags == ["TE301020"]
    notes = " ".join(reading.report.notes)
    assert "'PDT31080' (did you mean PDT31008?)" in notes
    assert "profile ignores, not read: 'TE301020_max', 'hour_of_day'." in notes


def test_columns_of_the_profile_win_over_ignored_patterns(tmp_path: Path) -> None:
    text = "timestamp,PDT31008_max\n2015-01-01 00:00,300\n"
    assert values(read(write(tmp_path, "export.csv", text)), "PDT31008_max") == [300.0]


def test_the_last_of_duplicates_wins_and_order_does_not_matter(tmp_path: Path) -> None:
    text = (
        "timestamp,TE301020\n2015-01-01 02:00,3\n2015-01-01 00:00,1\n2015-01-01 02:00,4\n2015-01-01 01:00,2\n"
    )
    reading = read(write(tmp_path, "export.csv", text))
    assert values(reading, "TE301020") == [1, 2, 4]
    assert rows(reading, "TE301020") == [3, 5, 4]
    assert reading.report.counts["duplicates"] == 1


def test_a_title_a_units_row_and_blank_lines_are_stepped_over(tmp_path: Path) -> None:
    text = (
        "Export of unit 300;;\n\nTimestamp;TE301020;PDT31008\n;degC;mbar\n"
        "2015-01-01 00:00;107;229\n\n2015-01-01 01:00;108;230\n"
    )
    reading = read(write(tmp_path, "export.csv", text))
    assert values(reading, "TE301020") == [107, 108]
    assert rows(reading, "TE301020") == [5, 7]


@pytest.mark.parametrize("head", ["Date;Time;TE301020", "Datum;Uhrzeit;TE301020", "Day;;TE301020"])
@pytest.mark.parametrize("swapped", [False, True])
def test_date_and_time_in_two_columns(tmp_path: Path, head: str, swapped: bool) -> None:
    lines = [head, "31.01.2015;08:00:00;107", "31.01.2015;09:00:00;108"]
    if swapped:
        lines = [";".join([b, a, c]) for a, b, c in (line.split(";") for line in lines)]
    reading = read(write(tmp_path, "export.csv", "\n".join(lines) + "\n"))
    assert times(reading, "TE301020") == ["2015-01-31 08:00", "2015-01-31 09:00"]
    assert reading.report.notes == [note for note in reading.report.notes if "not read" not in note]


def test_excels_own_separator_line(tmp_path: Path) -> None:
    assert values(read(write(tmp_path, "x.csv", "sep=,\n" + WIDE)), "TE301020") == [107.5, 108.0]


def test_a_quality_beside_the_only_tag_is_that_tag_s(tmp_path: Path) -> None:
    text = "timestamp,TE301020,Quality\n2015-01-01 00:00,107,Good\n2015-01-01 01:00,999,Bad\n"
    reading = read(write(tmp_path, "export.csv", text))
    assert (values(reading, "TE301020"), reading.report.counts["bad_quality"]) == ([107.0], 1)
    assert "Quality" not in " ".join(reading.report.notes)


@pytest.mark.parametrize("other", ["PDT31008", "unknown"])
def test_the_only_quality_beside_several_columns_is_of_all_of_them(tmp_path: Path, other: str) -> None:
    text = (
        f"timestamp,TE301020,{other},Quality\n2015-01-01 00:00,107,229,Bad\n2015-01-01 01:00,108,230,Good\n"
    )
    reading = read(write(tmp_path, "export.csv", text))
    assert values(reading, "TE301020") == [108.0]
    assert reading.report.per_tag["TE301020"].bad == 1


def test_a_long_table_with_qualities(tmp_path: Path) -> None:
    text = (
        "TagName,Timestamp,Value,Quality\n"
        "te301020,2015-01-01 00:00,107,Good\n"
        "PDT31008,2015-01-01 00:00,229,192\n"
        "PDT31008,2015-01-01 01:00,230,Uncertain\n"
        "PDT31008,2015-01-01 02:00,231,Bad\n"
        "PDT31008,2015-01-01 03:00,No Data,0\n"
        "PDT3108,2015-01-01 03:00,5,Good\n"
    )
    reading = read(write(tmp_path, "export.csv", text))
    assert reading.report.layout == "long"
    assert reading.records.select("tag", "value", "quality", "row").rows() == [
        ("PDT31008", 229.0, "good", 3),
        ("PDT31008", 230.0, "uncertain", 4),
        ("TE301020", 107.0, "good", 2),
    ]
    assert reading.report.counts["bad_quality"] == 2
    assert reading.report.counts["missing"] == 0
    assert "did you mean PDT31008" in " ".join(reading.report.notes)


def test_words_of_the_historian_are_missing_values(tmp_path: Path) -> None:
    words = ["Bad", "No Data", "I/O Timeout", "", "NaN", "nan", "#N/A", "Pt Created", "-"]
    lines = "".join(f"2015-01-01 {i:02}:00,{word},1\n" for i, word in enumerate(words))
    text = f"timestamp,TE301020,PDT31008\n{lines}2015-01-01 12:00,107,1\n"
    reading = read(write(tmp_path, "export.csv", text))
    assert values(reading, "TE301020") == [107]
    assert reading.report.counts["missing"] == len(words)


def test_infinite_and_impossible_values_are_dropped_and_counted(tmp_path: Path) -> None:
    text = "timestamp,TE301020\n" + "".join(
        f"2015-01-01 {i:02}:00,{v}\n"
        for i, v in enumerate(["107", "inf", "-9999", "108", "-Infinity", "109"])
    )
    reading = read(write(tmp_path, "export.csv", text))
    assert values(reading, "TE301020") == [107, 108, 109]
    assert reading.report.counts["not_finite"] == 2
    assert reading.report.counts["out_of_range"] == 1


def test_an_operator_log_is_periods(tmp_path: Path) -> None:
    text = "start_time,end_time,reason\n2015-01-02 00:00,2015-01-03 23:00,level\n2015-01-01 00:00,2015-01-01 02:00,\n"
    reading = read(write(tmp_path, "operator_log.csv", text), BERLIN)
    assert reading.kind == "periods"
    assert reading.records.is_empty()
    assert reading.periods is not None
    assert reading.periods.select("start", "reason", "row").rows() == [
        (datetime(2014, 12, 31, 23, tzinfo=UTC), "", 3),
        (datetime(2015, 1, 1, 23, tzinfo=UTC), "level", 2),
    ]


def test_parquet_with_typed_columns(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    stamps = pl.datetime_range(
        datetime(2015, 1, 1), datetime(2015, 1, 1, 2), "1h", time_zone="Europe/Berlin", eager=True
    )
    pl.DataFrame(
        {
            "time": stamps,
            "te301020": [107, None, 109],
            "PDT31008": ["1.5", "Bad", "2"],
            "list": [[1], [2], []],
        }
    ).write_parquet(path)
    reading = read(path)
    assert values(reading, "TE301020") == [107, 109]
    assert values(reading, "PDT31008") == [1.5, 2]
    assert times(reading, "TE301020")[0] == "2014-12-31 23:00"
    assert rows(reading, "TE301020") == [1, 3]
    assert "list" in " ".join(reading.report.notes)


def test_files_of_one_drop_are_combined_and_the_later_one_wins(tmp_path: Path) -> None:
    first = read(write(tmp_path, "a.csv", WIDE))
    second = read(
        write(tmp_path, "b.csv", "timestamp,TE301020\n2015-01-01 01:00:00,50\n2015-01-01 02:00,51\n")
    )
    records = combine([first, second], PLANT)
    assert records.schema == RECORD_SCHEMA
    assert records.filter(tag="TE301020")["value"].to_list() == [107.5, 50, 51]
    assert records.filter(tag="TE301020")["file"].to_list() == [first.sha256, second.sha256, second.sha256]
    assert combine([second, first], PLANT).filter(tag="TE301020")["value"].to_list() == [107.5, 108, 51]


@pytest.mark.real_data
def test_the_real_unit_is_read_whole() -> None:
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if not folder:
        pytest.skip("FOREWARN_REAL_DATA is not set")
    path = Path(folder) / "gas_treatment" / "labeled_dataset.csv"
    reading = read(path)
    expected = pl.read_csv(path, try_parse_dates=True)
    assert set(reading.report.tags) == set(PLANT.columns)
    for column in PLANT.columns:
        assert values(reading, column) == expected[column].drop_nulls().to_list()
    assert reading.report.start == datetime(2014, 12, 23, 8, tzinfo=UTC) < NOW


def test_a_quality_column_beside_its_tag(tmp_path: Path) -> None:
    text = "timestamp,TE301020,TE301020_quality,PDT31008\n2015-01-01 00:00,107,Bad,1\n2015-01-01 01:00,108,Good,2\n"
    reading = read(write(tmp_path, "a.csv", text))
    assert values(reading, "TE301020") == [108]
    assert values(reading, "PDT31008") == [1, 2]


def test_a_second_time_column_does_not_make_a_wide_table_per_tag(tmp_path: Path) -> None:
    text = "timestamp,TE301020,PDT31008,LT301031,changed\n2015-01-01 00:00,1,2,3,2020-01-01 00:00\n"
    reading = read(write(tmp_path, "a.csv", text))
    assert reading.report.layout == "wide"
    assert reading.report.end == datetime(2015, 1, 1, tzinfo=UTC)
    assert "not from 'changed'" in " ".join(reading.report.notes)


def test_a_column_of_utc_times_in_a_plant_elsewhere(tmp_path: Path) -> None:
    text = "Time (UTC),TE301020\n2015-07-01 00:00,107\n"
    assert times(read(write(tmp_path, "a.csv", text), BERLIN), "TE301020") == ["2015-07-01 00:00"]


def test_the_end_mark_of_old_exports_is_no_row(tmp_path: Path) -> None:
    assert values(read(write(tmp_path, "a.csv", WIDE + "\x1a")), "TE301020") == [107.5, 108.0]


def test_files_without_a_history_are_read_as_one_drop_and_a_bad_one_is_named(tmp_path: Path) -> None:
    first = write(tmp_path, "first.csv", WIDE)
    later = write(tmp_path, "later.csv", WIDE.replace("229.25", "231.25"))
    log = write(
        tmp_path, "log.csv", "start_time,end_time,reason\n2015-01-01 00:00,2015-01-01 01:00,flooding\n"
    )
    records, periods = read_files([first, later, log], PLANT, now=NOW)
    assert 231.25 in records["value"].to_list()
    assert 229.25 not in records["value"].to_list(), "the later file wins"
    assert periods is not None
    assert periods["reason"].to_list() == ["flooding"]
    assert read_files([first], PLANT, now=NOW)[1] is None
    with pytest.raises(FileRefusal, match=r"^bad\.csv: .*; expected "):
        read_files([first, write(tmp_path, "bad.csv", "name,city\nA,Rome\n")], PLANT, now=NOW)
