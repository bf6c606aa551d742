"""Label files of closed services: start and end, with or without a header."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plant_assets.imports.labels import count_outside, read_labels
from plant_assets.imports.writing import write_log
from plant_assets.ingest.errors import FileRefusal
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.model import PlantProfile
from tests.imports.folders import LABELS, write


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (LABELS, ["", ""]),
        ("start,end\n" + LABELS, ["", ""]),
        ("StartTime,EndTime\n" + LABELS, ["", ""]),
        ("begun,over\n" + LABELS, ["", ""]),
        ("\ufeff" + LABELS.replace(",", ";").replace("\n", "\r\n"), ["", ""]),
        (LABELS.replace("\n", ",bearing,seen by Ann\n"), ["bearing", "bearing"]),
        ("start_time,end_time,fault_code\n" + LABELS.replace("\n", ",F7\n"), ["F7", "F7"]),
        ("asset,start,end\n" + "".join(f"pump,{line}\n" for line in LABELS.split()), ["pump", "pump"]),
    ],
)
def test_start_and_end_are_told_by_header_or_place(text: str, reasons: list[str], tmp_path: Path) -> None:
    periods = read_labels(write(tmp_path / "labels.csv", text), timezone="UTC")
    starts = periods["start"].dt.strftime("%H:%M").to_list()
    ends = periods["end"].dt.strftime("%H:%M").to_list()
    assert (starts, ends) == (["02:00", "05:00"], ["03:00", "06:00"])
    assert periods["reason"].to_list() == reasons


def test_what_is_written_is_read_as_an_operator_log(tmp_path: Path, profile: PlantProfile) -> None:
    periods = read_labels(write(tmp_path / "labels.csv", LABELS), timezone="Europe/Berlin")
    reading = read_drop_file(write_log(periods, tmp_path), profile)
    assert reading.periods is not None
    assert reading.periods.select("start", "end").equals(periods.select("start", "end"))
    assert reading.periods["start"].dt.hour().to_list() == [1, 4]


@pytest.mark.parametrize(
    ("periods", "outside"),
    [
        ("02:00,03:00", 0),
        ("00:00,01:00", 0),
        ("05:00,06:00", 0),
        ("00:00,09:00", 0),
        ("00:00,00:59", 1),
        ("05:01,06:00", 1),
    ],
)
def test_a_period_outside_the_data_touches_neither_its_first_nor_its_last_moment(
    periods: str, outside: int, tmp_path: Path
) -> None:
    start, end = (f"2024-01-01 {time}" for time in periods.split(","))
    text = f"{start},{end}\n2024-01-01 03:00,2024-01-01 03:30\n"
    found = read_labels(write(tmp_path / "labels.csv", text), timezone="UTC")
    moments = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (1, 5)]
    records = pl.DataFrame({"timestamp": moments}, schema={"timestamp": pl.Datetime("us", "UTC")})
    assert count_outside(found, records, "labels.csv") == outside


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2024-01-02,2024-01-01\n", r"labels\.csv: row 1: a period ends before it starts; expected"),
        (
            "start,end\n2024-01-01,2024-01-02\n2024-01-03,\n",
            r"labels\.csv: row 3: a period without start or end",
        ),
        ("a,b\n1,2\n", r"labels\.csv: .*no two columns of times; expected rows of a start and an end"),
        ("2024-01-01,soon\n", "no two columns of times"),
        ("start,end\n2024-01-01,soon\n", r"labels\.csv: row 2.*'soon' is no time"),
        ("", "the file is empty"),
        ("start,end\n", "no rows"),
    ],
)
def test_a_row_that_is_no_period_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefusal, match=says):
        read_labels(write(tmp_path / "labels.csv", text), timezone="UTC")
