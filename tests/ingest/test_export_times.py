"""Times of exports: languages, forms, columns of a calendar, ticks, offsets and zones."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plant_assets.ingest.errors import Refusal
from tests.ingest.exports import ROWS, Cell, flow, once, stamp, wide
from tests.ingest.reports import plant, report_of


@pytest.mark.parametrize(
    ("time", "first"),
    [
        (lambda row: stamp(row, "%d-Mrz-%y %H:%M:%S"), 6),
        (lambda row: stamp(row, "%d mars %Y %H:%M"), 6),
        (lambda row: stamp(row, "%d/%m/%Y %I:%M:%S ") + ("a. m." if (6 + row) % 24 < 12 else "p. m."), 6),
        (lambda row: stamp(row, "%Y-%m-%d %H:%M:%S CET"), 5),
        (lambda row: stamp(row, "%Y-%m-%d %H:%M:%S +0300"), 3),
        (lambda row: stamp(row, "%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]"), 5),
        (lambda row: stamp(row, "Mon, %d Mar %Y %H:%M:%S GMT"), 6),
        (lambda row: stamp(row, "%Y%m%d%H%M%S"), 6),
        (lambda row: stamp(row, "%Y%m%d%H%M"), 6),
        (lambda row: stamp(row, "%d%b%Y:%H:%M:%S"), 6),
        (lambda row: f"{1740981600 + 3600 * row}000", 6),
        (lambda row: stamp(row, "%a %b %d %Y %H:%M:%S GMT+0100 (Central European Standard Time)"), 5),
        (lambda row: stamp(row, "%Y年%-m月%-d日 %H时%M分"), 6),
        (lambda row: stamp(row, "%Y年%m月%d日%H時%M分%S秒"), 6),
        (lambda row: stamp(row, "%Y년 %-m월 %-d일 %-H시 %M분"), 6),
        (lambda row: stamp(row, f"%Y/%-m/%-d {'上午' if (6 + row) % 24 < 12 else '下午'}%-I:%M:%S"), 6),
        (lambda row: stamp(row, f"%Y-%m-%d {'오전' if (6 + row) % 24 < 12 else '오후'} %-I:%M:%S"), 6),
        (lambda row: stamp(row, "%Y-%m-%d %p %-I:%M"), 6),
        (lambda row: stamp(row, "%a %b %d %H:%M:%S %Y"), 6),
        (lambda row: stamp(row, "%a %b %e %H:%M:%S CET %Y"), 5),
    ],
)
def test_times_are_read_in_other_languages_zones_and_forms(tmp_path: Path, time: Cell, first: int) -> None:
    text = wide("t_stamp;FT101", flow, time=time, delimiter=";")
    found = report_of(tmp_path, "\n".join(text.splitlines()[:12]) + "\n").per_tag["FT101"].first
    assert found == datetime(2025, 3, 3, first, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "name"),
    [(1601, "Windows file times"), (1, ".NET ticks")],
)
def test_ticks_of_windows_are_times_and_said(tmp_path: Path, year: int, name: str) -> None:
    ticks = (datetime(2025, 3, 3, 6) - datetime(year, 1, 1)) // timedelta(microseconds=1) * 10
    text = wide("ts,FT101", flow, time=lambda row: str(ticks + row * 3600 * 10**7))
    report = report_of(tmp_path, text, plant("FT101"))
    assert report.start == datetime(2025, 3, 3, 6, tzinfo=UTC)
    assert f"Times are read as {name}." in report.guesses


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("year,month,day,hour,FT101", "%Y,%m,%d,%H"),
        ("Year,DOY,Hour,FT101", "%Y,%j,%H"),
        ("Year,Day of Year,HH,MM,FT101", "%Y,%-j,%-H,%M"),
        ("Jahr,Monat,Tag,Stunde,Minute,FT101", "%Y,%-m,%-d,%-H,%M"),
        ("No,YYYY,MM,DD,HH,FT101", "1,%Y,%m,%d,%H"),
        ("Date,Time,FT101", "%Y-%m-%d,%H%M"),
        ("Date,Time,FT101", "%Y-%m-%d,%-H%M"),
        ("YYYYMMDD,HHMM,FT101", "%Y%m%d,%H%M"),
        ("Date,Time,FT101", "%Y-%m-%d,%H%M%S"),
        ("Date,Time,FT101", "%d.%m.%Y,%H.%M.%S"),
        ("Datum,Uhrzeit,FT101", "%d.%m.%Y,%H.%M"),
        ("Date,Hour,FT101", "%Y-%m-%d,%-H"),
        ("Hour,Date,FT101", "%-H,%Y-%m-%d"),
        ("Date,Site,HH,FT101", "%Y-%m-%d,A,%H"),
    ],
)
def test_columns_of_a_calendar_and_numbers_of_a_clock_are_a_time_and_said(
    tmp_path: Path, header: str, form: str
) -> None:
    report = report_of(tmp_path, wide(header, flow, time=lambda row: stamp(row, form)), plant("FT101"))
    first = datetime(2025, 3, 3, 6, tzinfo=UTC)
    assert (report.start, report.end) == (first, first + timedelta(hours=ROWS - 1))
    assert "Times are put together from" in report.guesses[0]


def test_hours_that_end_at_24_are_of_the_next_day(tmp_path: Path) -> None:
    def ends(row: int) -> str:
        begun = datetime(2025, 3, 3, 6) + timedelta(hours=row)
        return f"{begun:%Y-%m-%d},{begun.hour + 1}"

    report = report_of(tmp_path, wide("Date,Hour Ending,FT101", flow, time=ends), plant("FT101"))
    first = datetime(2025, 3, 3, 7, tzinfo=UTC)
    assert (report.start, report.end) == (first, first + timedelta(hours=ROWS - 1))


def test_numbers_beside_dates_that_no_name_calls_a_clock_are_readings(tmp_path: Path) -> None:
    def daily(row: int) -> str:
        return f"{datetime(2025, 1, 1) + timedelta(days=row):%Y-%m-%d}"

    rows = [f"{daily(row)},{row % 23},{flow(row)}" for row in range(30)]
    report = report_of(tmp_path, "\n".join(["Date,PT102,FT101", *rows, ""]))
    assert {name: tag.records for name, tag in report.per_tag.items()} == {"PT102": 30, "FT101": 30}
    assert not any("put together" in guess for guess in report.guesses)


@pytest.mark.parametrize(
    ("header", "form", "odd"),
    [
        ("year,month,day,FT101", "%Y,%m,%d", "2025,x,3"),
        ("year,doy,FT101", "%Y,%j", "2025,x"),
        ("year,doy,FT101", "%Y,%j", "2025,366"),
    ],
)
def test_a_calendar_s_column_that_holds_no_day_is_refused_by_its_row(
    tmp_path: Path, header: str, form: str, odd: str
) -> None:
    text = wide(header, flow, time=once(odd, lambda row: stamp(row, form)))
    with pytest.raises(Refusal, match="is no time"):
        report_of(tmp_path, text, plant("FT101"))


def test_hour_24_is_the_next_midnight(tmp_path: Path) -> None:
    text = wide("date;time;FT101", flow, time=lambda row: f"2025/03/03;{row + 1:02}:00", delimiter=";")
    tag = report_of(tmp_path, text).per_tag["FT101"]
    assert (tag.records, tag.last) == (24, datetime(2025, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("header", "hour"),
    [
        ("Time (UTC+2)", 4),
        ("Time (EST)", 11),
        ("time_utc", 6),
        ("Zeit (MEZ)", 5),
        ("Time (America/New_York)", 11),
    ],
)
def test_the_header_s_zone_is_honoured_and_said(tmp_path: Path, header: str, hour: int) -> None:
    report = report_of(tmp_path, wide(f"{header},FT101", flow), plant("FT101"))
    assert report.start == datetime(2025, 3, 3, hour, tzinfo=UTC)
    assert report.zone in header
    assert report.guesses[0] == f"Times are in {report.zone}, as their header says."


@pytest.mark.parametrize(
    ("header", "time", "hour"),
    [
        ("timestamp,tz,FT101", "{},+01:00", 5),
        ("UTC offset,timestamp,FT101", "-0300,{}", 9),
        ("Date,Time,timezone,FT101", "{},CET", 5),
        ("timestamp,Zeitzone,FT101", "{},Z", 6),
    ],
)
def test_a_column_of_zones_belongs_to_the_times(tmp_path: Path, header: str, time: str, hour: int) -> None:
    form = "%Y-%m-%d,%H:%M" if "Date" in header else "%Y-%m-%d %H:%M"
    text = wide(header, flow, time=lambda row: time.format(stamp(row, form)))
    report = report_of(tmp_path, text, plant("FT101"))
    assert (report.start, report.guesses) == (datetime(2025, 3, 3, hour, tzinfo=UTC), [])
    assert report.unread == []


def test_a_zone_of_the_plant_is_none_of_its_times(tmp_path: Path) -> None:
    report = report_of(tmp_path, wide("timestamp,zone,FT101", lambda _: "EAST", flow), plant("FT101"))
    assert (report.start, report.unread) == (datetime(2025, 3, 3, 6, tzinfo=UTC), ["zone"])


def test_a_zone_that_may_be_several_is_refused_unless_the_profile_tells(tmp_path: Path) -> None:
    text = wide("Time (CST),FT101", flow)
    with pytest.raises(Refusal, match=r"'CST' is used for several zones"):
        report_of(tmp_path, text)
    report = report_of(tmp_path, text, plant("FT101", zone="America/Chicago"))
    assert (report.start, report.zone) == (datetime(2025, 3, 3, 12, tzinfo=UTC), "America/Chicago")


@pytest.mark.parametrize(
    ("line", "hour"),
    [
        ("Time zone: US/Eastern", 11),
        ("Zeitzone;Europe/Berlin", 5),
        ("# TZ=UTC+02:00", 4),
        ("Time zone: Local", 6),
        ("Timezone settings of the client", 6),
    ],
)
def test_zone_in_a_line_above_the_table_counts_where_it_is_known(
    tmp_path: Path, line: str, hour: int
) -> None:
    text = wide("ts;FT101", flow, delimiter=";", above=f"Report\n{line}\n")
    report = report_of(tmp_path, text, plant("FT101"))
    assert report.start == datetime(2025, 3, 3, hour, tzinfo=UTC)
    assert any("as their header says" in guess for guess in report.guesses) is (hour != 6)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Date;Time;Milliseconds;FT101", "%Y-%m-%d;%H:%M:%S;250"),
        ("Date;Time;Millitm;FT101", "%m/%d/%Y;%I:%M:%S %p;250"),
        ("Timestamp;ms;FT101", "%Y-%m-%d %H:%M:%S;250"),
        ("Timestamp;ms;FT101", "%Y-%m-%dT%H:%M:%S+00:00;250"),
    ],
)
def test_milliseconds_in_a_column_of_their_own_are_part_of_the_time(
    tmp_path: Path, header: str, form: str
) -> None:
    text = wide(header, flow, time=lambda row: stamp(row, form), delimiter=";")
    assert report_of(tmp_path, text, plant("FT101")).start == datetime(2025, 3, 3, 6, 0, 0, 250_000, UTC)


def test_ms_that_go_beyond_a_second_are_readings(tmp_path: Path) -> None:
    text = wide("ts;ms;FT101", lambda row: f"{row * 500};{flow(row)}", delimiter=";")
    report = report_of(tmp_path, text, plant("FT101"))
    assert report.start == datetime(2025, 3, 3, 6, tzinfo=UTC)
    assert report.unread == ["ms"]
