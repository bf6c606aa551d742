"""Times: styles, offsets, and the two hours a year that clocks make hard."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from plant_assets.ingest.decode.times import parse_times
from plant_assets.ingest.errors import Refusal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def parsed(cells: list, zone: str = "UTC", series: list[str] | None = None) -> list[str | None]:
    raw = pl.Series(cells, strict=False) if cells else pl.Series(cells, dtype=pl.String)
    owner = None if series is None else pl.Series(series)
    times = parse_times(raw, zone, lambda row: f"row {row + 1}", now=NOW, series=owner)
    assert times.dtype == pl.Datetime("us", "UTC")
    return [t and t.isoformat(timespec="minutes").removesuffix("+00:00") for t in times.to_list()]


@pytest.mark.parametrize(
    "text",
    [
        "2015-01-31 08:05",
        "2015-01-31 08:05:00",
        "2015-01-31T08:05:00.000",
        "2015-01-31 08:05:00,000",
        "2015-01-31T08:05:00Z",
        "2015-01-31 08:05:00 UTC",
        "2015-01-31T09:05:00+01:00",
        "2015-01-31T09:05:00+0100",
        "2015-01-31 09:05+01",
        "2015-01-31 03:35:00-04:30",
        "2015/01/31 08:05",
        "31.01.2015 08:05",
        "31.01.15 08:05:00",
        "31/01/2015 08:05",
        "01/31/2015 8:05 AM",
        "1/31/15 8:05:00 AM",
        "31-Jan-15 08:05:00",
        "31-JAN-2015 08:05:00.0",
        "31 Jan 2015 08:05",
        "Jan 31, 2015 08:05",
        "20150131T080500",
        "20150131 08:05",
        "1422691500",
        "1422691500000",
        "42035.336805556",
    ],
)
def test_styles(text: str) -> None:
    assert parsed([text, None, ""]) == ["2015-01-31T08:05", None, None]


def test_typed_cells() -> None:
    assert parsed([datetime(2015, 1, 31, 8, 5), None]) == ["2015-01-31T08:05", None]
    assert parsed([date(2015, 1, 31)]) == ["2015-01-31T00:00"]
    assert parsed([1422691500, None]) == ["2015-01-31T08:05", None]
    assert parsed([1422691500 * 10**9]) == ["2015-01-31T08:05"]
    assert parsed([42035.0]) == ["2015-01-31T00:00"]


def test_midnight_without_a_clock_and_seconds_that_come_and_go() -> None:
    cells = ["2015-01-31", "2015-01-31 08:05", "2015-01-31 08:06:30", "2015-01-31 08:07:00.5"]
    assert parsed(cells) == ["2015-01-31T00:00", "2015-01-31T08:05", "2015-01-31T08:06", "2015-01-31T08:07"]


def test_day_first_and_month_first_are_told_by_any_row() -> None:
    assert parsed(["01/02/2015 00:00", "13/02/2015 00:00"])[0] == "2015-02-01T00:00"
    assert parsed(["01/02/2015 00:00", "01/13/2015 00:00"])[0] == "2015-01-02T00:00"


def test_day_first_and_month_first_are_told_by_even_steps() -> None:
    assert parsed(["01/02/2015 12:00", "02/02/2015 12:00"])[1] == "2015-02-02T12:00"
    assert parsed(["01/02/2015 23:00", "01/03/2015 00:00"])[1] == "2015-01-03T00:00"


def test_day_first_or_month_first_untold_is_refused() -> None:
    with pytest.raises(Refusal, match="row 1: '01/02/2015' may be day first or month first"):
        parsed(["01/02/2015"])


def test_several_offsets_in_one_column_are_all_honoured() -> None:
    cells = ["2015-03-29T01:30:00+01:00", "2015-03-29T03:30:00+02:00", "2015-03-29T02:30:00Z"]
    assert parsed(cells, "Asia/Tokyo") == ["2015-03-29T00:30", "2015-03-29T01:30", "2015-03-29T02:30"]


@pytest.mark.parametrize(
    "cells", [["2015-01-01 00:00Z", "2015-01-01 01:00"], ["2015-01-01 00:00", "2015-01-01 01:00+01:00"]]
)
def test_offsets_in_some_rows_only_are_refused(cells: list[str]) -> None:
    with pytest.raises(Refusal, match=r"row 2: .* UTC offset"):
        parsed(cells)


def test_naive_times_are_local_to_the_plant() -> None:
    assert parsed(["2015-01-01 00:00", "2015-07-01 00:00"], "Europe/Berlin") == [
        "2014-12-31T23:00",
        "2015-06-30T22:00",
    ]


AUTUMN = [
    "2015-10-25 01:30",
    "2015-10-25 02:00",
    "2015-10-25 02:30",
    "2015-10-25 02:00",
    "2015-10-25 02:30",
    "2015-10-25 03:00",
]
AUTUMN_UTC = [
    "2015-10-24T23:30",
    "2015-10-25T00:00",
    "2015-10-25T00:30",
    "2015-10-25T01:00",
    "2015-10-25T01:30",
    "2015-10-25T02:00",
]


def test_the_hour_that_comes_twice_is_told_by_the_step_back() -> None:
    assert parsed(AUTUMN, "Europe/Berlin") == AUTUMN_UTC


def test_the_hour_that_comes_twice_newest_first() -> None:
    assert parsed(AUTUMN[::-1], "Europe/Berlin") == AUTUMN_UTC[::-1]


def test_the_hour_that_comes_twice_once_an_hour() -> None:
    cells = ["2015-10-25 01:00", "2015-10-25 02:00", "2015-10-25 02:00", "2015-10-25 03:00"]
    assert parsed(cells, "Europe/Berlin") == [
        "2015-10-24T23:00",
        "2015-10-25T00:00",
        "2015-10-25T01:00",
        "2015-10-25T02:00",
    ]


def test_the_hour_that_comes_twice_but_was_recorded_once_is_summer_time() -> None:
    assert (
        parsed(["2015-10-25 01:59", "2015-10-25 02:30", "2015-10-25 03:10"], "Europe/Berlin")[1]
        == "2015-10-25T00:30"
    )


def test_the_hour_that_comes_twice_for_each_tag_by_itself() -> None:
    cells = [c for c in AUTUMN for _ in range(2)]
    assert parsed(cells, "Europe/Berlin", ["a", "b"] * 6) == [t for t in AUTUMN_UTC for _ in range(2)]


def test_the_hour_that_is_skipped_is_refused() -> None:
    with pytest.raises(Refusal, match="row 1: 2015-03-29 02:30:00 does not exist in Europe/Berlin"):
        parsed(["2015-03-29 02:30"], "Europe/Berlin")


@pytest.mark.parametrize("cells", [["hello"], ["2015-13-45 00:00"], ["0"], ["12345"], ["31.02.2015"], [0.5]])
def test_what_is_no_time(cells: list) -> None:
    with pytest.raises(Refusal, match=r"row 1: .* is no time"):
        parsed(cells)


def test_another_style_than_the_rows_above() -> None:
    with pytest.raises(Refusal, match=r"row 3: .31\.01\.2015 08:00. is no time in the form"):
        parsed(["2015-01-31 06:00", None, "31.01.2015 08:00"])


def test_too_early_and_ahead_of_now() -> None:
    with pytest.raises(Refusal, match="row 2: 1970-01-01 00:00 is before 1980"):
        parsed(["2015-01-31 06:00", "1970-01-01 00:00"])
    with pytest.raises(Refusal, match="is in the future"):
        parsed([(NOW + timedelta(hours=1)).isoformat()])
    assert parsed([(NOW + timedelta(minutes=5)).isoformat()]) == ["2026-01-01T00:05"]


def test_long_tables_parse_each_text_once_and_name_the_first_wrong_row() -> None:
    cells: list[str | None] = [c for c in AUTUMN for _ in range(3)] * 1000
    tags = ["a", "b", "c"] * 6000
    assert parsed(cells[:18], "Europe/Berlin", tags[:18]) == [t for t in AUTUMN_UTC for _ in range(3)]
    assert parsed(cells, "UTC") == [c.replace(" ", "T") for c in cells if c]
    cells[7000] = "soon"
    with pytest.raises(Refusal, match=r"row 7001: 'soon'"):
        parsed(cells)
    cells[7000] = None
    assert parsed(cells)[6999:7002] == [None if c is None else c.replace(" ", "T") for c in cells[6999:7002]]


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d-%b-%Y %H:%M:%S"]
)
def test_every_minute_of_a_day_is_itself(form: str) -> None:
    times = [datetime(2015, 1, 13, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(24 * 60)]
    cells = pl.Series([time.strftime(form) for time in times])
    assert parse_times(cells, "UTC", lambda row: f"row {row + 1}", now=NOW).to_list() == times


@pytest.mark.parametrize("text", ["2015-01-13 24:00", "2015-01-13 24:00:00", "13.01.2015 24:00:00.000"])
def test_hour_24_ends_a_day(text: str) -> None:
    found = parse_times(pl.Series([text]), "UTC", lambda row: f"row {row + 1}", now=NOW)
    assert found.to_list() == [datetime(2015, 1, 14, tzinfo=UTC)]
