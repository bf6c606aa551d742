"""What exports mean that historians, loggers and stores write, each kind in small: what is read, left out and guessed."""

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from plant_assets.draft.preview import preview_file
from plant_assets.draft.series import read_exports
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.reading import read_drop_file
from tests.ingest.exports import ROWS, flow, long, once, pressure, stamp, wide
from tests.ingest.reports import BAD, EMPTY, GOOD, NOW, counts, plant, report_of, write


@pytest.mark.parametrize(
    ("header", "row", "odd"),
    [
        ("tag,timestamp,value,status_code", "{tag},{iso},{value},0", "{tag},{iso},{value},2147483648"),
        ("tag,timestamp,value,StatusCode", "{tag},{iso},{value},0x00000000", "{tag},{iso},{value},0x80310000"),
        ("tag,timestamp,value,status", "{tag},{iso},{value},Good", "{tag},{iso},{value},BadNoCommunication"),
        ("TagName,DateTime,Value,Quality,OPCQuality", "{tag},{time},{value},0,192", "{tag},{time},{value},1,0"),
        ("NAME;TS;VALUE;STATUS", "{tag};{time};{value};0", "{tag};{time};{value};2"),
        ("Tagname,TimeStamp,Value,DataQuality", "{tag},{time},{value},Good", "{tag},{time},0.0,Bad"),
        ("Tag,Timestamp,Value,Good,Questionable", "{tag},{time},{value},True,False", "{tag},{time},{value},False,False"),
        ("TagName,TimeStamp,Value,Confidence", "{tag},{time},{value},100", "{tag},{time},{value},0"),
        ("VarName;TimeString;VarValue;Validity", "{tag};{time};{value};1", "{tag};{time};{value};0"),
    ],
)  # fmt: skip
def test_a_value_of_bad_quality_is_left_out_and_counted_whatever_the_scale(
    tmp_path: Path, header: str, row: str, odd: str
) -> None:
    lines = long(header, row).splitlines()
    lines[11] = odd.format(tag="FT101", time=stamp(5), iso=stamp(5, "%Y-%m-%dT%H:%M:%SZ"), value=flow(5), n=5)
    report = report_of(tmp_path, "\n".join([*lines, ""]))
    assert counts(report) == {"FT101": BAD, "PT102": GOOD}
    assert "1 of bad quality" in report.notes[0]


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        ("Timestamp,FT101,Quality,PT102,Quality", "Good", "Bad"),
        ("Timestamp,FT101,FT101_Q,PT102,PT102_Q", "192", "0"),
        ("Timestamp,FT101.Value,FT101.Status,PT102.Value,PT102.Status", "Good", "Bad"),
        ("Timestamp,FT101_VAL,FT101_STS,PT102_VAL,PT102_STS", "OK", "BAD"),
        ("Timestamp,FT101,Quality FT101,PT102,Quality PT102", "Good", "Bad"),
        ("Timestamp,FT101.CV,FT101.ST,PT102.CV,PT102.ST", "GoodNonCascade", "BadNoCommLUV"),
        ("Timestamp,FT101,FT101_IsBad,PT102,PT102_IsBad", "False", "True"),
        ("Timestamp,FT101,FT101 Is Good,PT102,PT102 Is Good", "1", "0"),
    ],
)
@pytest.mark.parametrize("drafted", [False, True])
def test_qualities_after_each_tag_are_its_own(
    tmp_path: Path, header: str, good: str, bad: str, drafted: bool
) -> None:
    text = wide(header, flow, once(bad, lambda _: good), pressure, lambda _: good)
    if drafted:
        report = preview_file(write(tmp_path, text), now=NOW).report
        assert list(counts(report).values()) == [BAD, GOOD]
    else:
        assert counts(report_of(tmp_path, text)) == {"FT101": BAD, "PT102": GOOD}


@pytest.mark.parametrize(
    ("title", "uncertain", "good"),
    [
        ("FT101_quality", "Uncertain", "Good"),
        ("FT101_Questionable", "True", "False"),
        ("FT101.Substituted", "1", "0"),
    ],
)
def test_uncertain_values_are_kept_and_counted(tmp_path: Path, title: str, uncertain: str, good: str) -> None:
    text = wide(f"Timestamp,FT101,{title}", flow, once(uncertain, lambda _: good))
    report = report_of(tmp_path, text)
    assert counts(report)["FT101"] == (ROWS, 0, 1, 0, 0)
    assert report.counts["uncertain"] == 1
    assert "1 record of uncertain quality, which models don't learn from." in report.notes


@pytest.mark.parametrize(
    "word",
    [
        "Set to Bad", "[-11059] No Good Data For Calculation", "Dig Alarm", "#SPILL!", "#VALEUR!", "-nan(ind)", "1.#QNAN",
        "Pt Created", "No Sample", "Scan Timeout", "Comm Fail", "Arc Off-line", "? 191", "unavailable", "<null>", "NaN",
        "Keine Daten", "Not Connect", "(null)", "Calc Failed", "Equipment Failure", "Bad Quality", "snan", "n.a.",
        "*****", "------", "....", "Overflow", "#DIV/0!",
    ],
)  # fmt: skip
def test_words_for_nothing_are_missing(tmp_path: Path, word: str) -> None:
    text = wide("timestamp,FT101,PT102", once(f'"{word}"', flow), pressure)
    assert counts(report_of(tmp_path, text)) == {"FT101": EMPTY, "PT102": GOOD}


@pytest.mark.parametrize("word", ["pump off", "hello", "12.5 bar", "off", "=1+1"])
def test_other_words_among_numbers_are_refused_by_their_cell(tmp_path: Path, word: str) -> None:
    text = wide("timestamp,FT101,PT102", once(word, flow), pressure)
    with pytest.raises(Refusal, match=r"row 7, column B \('FT101'\)"):
        report_of(tmp_path, text)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("5.5000D+01", 55.0), ("5,5e1", 55.0), ("1.234.567,8", 1234567.8), ("6’000,5", 6000.5), ("1 234,5", 1234.5), ("-5,5", -5.5)],
)  # fmt: skip
def test_numbers_are_read_in_the_forms_that_programs_write(tmp_path: Path, cell: str, value: float) -> None:
    decimal = "." if "D" in cell else ","
    usual = (lambda row: flow(row).replace(".", ",")) if decimal == "," else flow
    text = wide("Zeit;FT101;PT102", once(cell, usual), usual, delimiter=";")
    found = read_drop_file(write(tmp_path, text), plant(), now=NOW).records
    assert value in found.filter(found["tag"] == "FT101")["value"].to_list()


def test_a_censored_value_is_its_limit_of_uncertain_quality(tmp_path: Path) -> None:
    report = report_of(tmp_path, wide("timestamp,FT101", once("<0.05", flow)))
    assert (counts(report)["FT101"], report.per_tag["FT101"].min) == ((ROWS, 0, 1, 0, 0), 0.05)
    assert (
        report.guesses[-1]
        == "1 value of 'FT101', such as '<0.05', count as their limit, of uncertain quality."
    )


@pytest.mark.parametrize(("on", "off"), [("TRUE", "FALSE"), ("ON", "OFF"), ("yes", "no"), ("Wahr", "Falsch")])
def test_on_and_off_are_1_and_0(tmp_path: Path, on: str, off: str) -> None:
    def running(row: int) -> str:
        return on if row < 6 else off

    report = report_of(tmp_path, wide("timestamp,FT101,PT102", flow, running))
    assert (report.per_tag["PT102"].min, report.per_tag["PT102"].max) == (0.0, 1.0)
    mixed = long("tag,time,value", "{tag},{time},{value}") + "".join(
        f"XV1,{stamp(row)},{running(row)}\n" for row in range(ROWS)
    )
    assert counts(report_of(tmp_path, mixed, plant("FT101", "XV1")))["XV1"] == GOOD


@pytest.mark.parametrize(("code", "every"), [("-9999", 8), ("-999.25", 12), ("9999", 3)])
def test_codes_for_no_value_are_dropped_counted_and_told(tmp_path: Path, code: str, every: int) -> None:
    text = wide("timestamp,FT101,PT102", lambda row: code if row % every == 0 else flow(row), pressure)
    report = report_of(tmp_path, text)
    number = ROWS // every
    assert counts(report) == {"FT101": (ROWS - number, 0, 0, 0, number), "PT102": GOOD}
    assert f"{float(code):.10g} ({number} of FT101)" in report.guesses[-1]
    assert counts(report_of(tmp_path, text, plant(codes=[])))["FT101"] == GOOD


@pytest.mark.parametrize(
    "header",
    ["start_time,end_time,FT101,PT102", "Start date,End date,FT101 [MWh] Calculated resolutions,PT102"],
)
def test_values_of_intervals_are_readings_at_their_start(tmp_path: Path, header: str) -> None:
    text = wide(header, lambda row: stamp(row + 1), flow, pressure)
    report = report_of(tmp_path, text)
    assert (report.layout, counts(report)) == ("wide", {"FT101": GOOD, "PT102": GOOD})
    assert report.start == datetime(2025, 3, 3, 6, tzinfo=UTC)
    assert "the start" in report.guesses[0]


@pytest.mark.parametrize("beside", ["reason", "duration_h,reason", "fault_code", "severity,comment,shift"])
def test_a_log_of_periods_stays_one_beside_numbers_of_the_periods(tmp_path: Path, beside: str) -> None:
    rest = ["1" if name in ("duration_h", "severity", "shift") else "x" for name in beside.split(",")]
    text = f"start_time,end_time,{beside}\n" + f"{stamp(0)},{stamp(4)},{','.join(rest)}\n"
    assert report_of(tmp_path, text).layout == "periods"


@pytest.mark.parametrize(
    "header", ["timestamp,FT101 (Max),PT102", "timestamp,FT101 [Avg],PT102", "timestamp,FT101 (SP),PT102"]
)
def test_brackets_that_hold_no_unit_are_part_of_the_name(tmp_path: Path, header: str) -> None:
    report = report_of(tmp_path, wide(header, flow, pressure))
    assert (report.tags, report.unread) == (["PT102"], [header.split(",")[1]])


@pytest.mark.parametrize("prefix", ["ns=2;s=", "ns=2;s=Channel1.Device1.", "nsu=urn:plant;s="])
def test_what_stands_before_a_node_s_name_is_no_part_of_the_tag(tmp_path: Path, prefix: str) -> None:
    text = wide(f"Time,{prefix}FT101,{prefix}PT102", flow, pressure)
    assert counts(report_of(tmp_path, text)) == {"FT101": GOOD, "PT102": GOOD}


def test_columns_that_differ_by_their_unit_are_two_tags(tmp_path: Path) -> None:
    path = write(tmp_path, wide("timestamp,Flow [m3/h],Flow [kg/h]", flow, pressure))
    found = read_exports([path], now=NOW)
    assert [(one.name, one.unit) for one in found.series] == [("Flow_m3_h", "m3/h"), ("Flow_kg_h", "kg/h")]


def test_two_names_of_one_tag_in_a_long_table_are_refused(tmp_path: Path) -> None:
    text = long("tag,time,value", "{tag},{time},{value}", tags="Unit1.FT101 Unit2.FT101")
    with pytest.raises(Refusal, match=r"'Unit1\.FT101' and 'Unit2\.FT101' both mean FT101") as caught:
        report_of(tmp_path, text)
    assert caught.value.code == "duplicate_column"


def test_tags_of_texts_that_the_plant_doesn_t_know_stop_nothing(tmp_path: Path) -> None:
    text = long("tag,time,value", "{tag},{time},{value}") + "".join(
        f"XV103,{stamp(row)},OPEN\n$RT_OFF$,{stamp(row)},0\n" for row in range(ROWS)
    )
    report = report_of(tmp_path, text)
    assert (counts(report), report.unread) == ({"FT101": GOOD, "PT102": GOOD}, ["XV103"])
    assert read_exports([tmp_path / "export.csv"], now=NOW).ignored["XV103"] == "text"


def test_columns_of_a_long_table_that_nobody_reads_are_named(tmp_path: Path) -> None:
    report = report_of(tmp_path, long("tag,time,value,operator", "{tag},{time},{value},me"))
    assert report.unread == ["operator"]
    assert "not read: 'operator'" in " ".join(report.notes)


@pytest.mark.parametrize(
    "text",
    [
        wide("timestamp,FT101,PT102", flow, pressure, above="Report,Hourly\nFrom,2025-03-03 06:00:00\nTo,2025-03-05 05:00:00\n\n"),
        wide("timestamp,FT101,PT102", flow, pressure, below="*end of export\n"),
        wide("timestamp,FT101,PT102", flow, pressure, below="Average,50.0,60.0\nMax,60.0,70.0\n"),
        wide("timestamp,FT101,PT102\n---------,-----,-----", flow, pressure, below="\n(24 rows affected)\n"),
        wide("timestamp,FT101,PT102\nTS,m3/h,bar\n,Avg,Avg", flow, pressure, above='"TOA5","Site7","CR1000"\n'),
        wide("Timestamp,Value,Value", flow, pressure, above="Tag Name,FT101,PT102\nDescription,Feed flow,Steam\nUnits,m3/h,bar\n"),
        wide("Timestamp,FT101,PT102", flow, pressure) + wide("Timestamp,FT101,PT102", flow, pressure).replace("2025-03-0", "2025-04-0"),
        long(",result,table,_start,_stop,_time,_value,_field", ",,0,{iso},{iso},{iso},{value},{tag}",
             above="#group,false,false,true,true,false,false,true\n#datatype,string,long,a,b,c,double,string\n"),
        long("entity_id,state,last_changed", "sensor.{tag},{value},{iso}"),
        long("Series;Time;Value", "{tag};{time};{value}"),
        long("Timestamp ($ts),Id,value.Double", "{iso},{tag},{value}"),
        long("Time,Millitm,TagIndex,Value,Marker", "{time},0,{tag},{value},"),
        long("TIMESTAMP_S,PROPERTY_ID,VALUE", "{iso},{tag},{value}"),
        wide("timestamp FT101 PT102", flow, pressure, time=lambda row: stamp(row, "%Y-%m-%dT%H:%M"), delimiter="  "),
    ],
    ids=["dates above", "footer", "sums", "SQL", "unit rows", "tag, description, unit", "header again", "influx", "home assistant", "grafana", "series insights", "tag index", "property", "blanks"],
)  # fmt: skip
def test_the_table_is_found_between_what_stands_around_it(tmp_path: Path, text: str) -> None:
    found = counts(report_of(tmp_path, text))
    assert {tag: reading[0] % ROWS for tag, reading in found.items()} == {"FT101": 0, "PT102": 0}


def test_a_row_cut_off_is_no_footer(tmp_path: Path) -> None:
    text = wide("timestamp,FT101,PT102", flow, pressure, below="2025-03-05 06:00:00\n")
    with pytest.raises(Refusal, match="1 fields where the other rows have 3"):
        report_of(tmp_path, text)


def test_a_controller_above_its_parts_names_them(tmp_path: Path) -> None:
    text = wide(",PV,SP,OP,PV", flow, pressure, flow, pressure, above="timestamp,FIC1,,,TI2\n")
    profile = plant("FIC1_PV", "FIC1_SP", "FIC1_OP", "TI2")
    assert report_of(tmp_path, text, profile).tags == ["FIC1_PV", "FIC1_SP", "FIC1_OP", "TI2"]


def test_hidden_sheets_are_left_out_and_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, offset in ((book.active, 0.0), (book.create_sheet("backup"), 40.0)):
        assert sheet is not None
        sheet.append(["timestamp", "FT101"])
        for row in range(ROWS):
            sheet.append([stamp(row), float(flow(row)) + offset])
    book["backup"].sheet_state = "hidden"
    path = tmp_path / "export.xlsx"
    book.save(path)
    report = read_drop_file(path, plant(), now=NOW).report
    assert (report.per_tag["FT101"].max or 99) < 61
    assert "Hidden sheets, not read: 'backup'." in report.notes
    book["Sheet"].sheet_state = "hidden"
    book.create_sheet("cover")
    book.save(path)
    with pytest.raises(Refusal, match="all sheets are hidden"):
        read_drop_file(path, plant(), now=NOW)


def test_points_between_thousands_are_not_decimals_where_dates_have_points(tmp_path: Path) -> None:
    def thousands(row: int) -> str:
        return f"1.{7 * row:03}"

    text = wide("Zeit;FT101", thousands, time=lambda row: stamp(row, "%d.%m.%Y %H:%M"), delimiter=";")
    with pytest.raises(Refusal, match=r"1\.234 may have a decimal point or a thousands separator"):
        report_of(tmp_path, text)
    assert report_of(tmp_path, text, plant(decimal=",")).per_tag["FT101"].max == 1161.0
    assert report_of(tmp_path, text, plant(decimal=".")).per_tag["FT101"].max == 1.161


def test_the_profile_tells_what_columns_hold(tmp_path: Path) -> None:
    text = wide("moment,F,P,L", flow, pressure, lambda row: "1" if row in (3, 4, 9) else "0")
    profile = plant(columns={"moment": "time", "F": "FT101", "P": "ignored", "L": "label"})
    reading = read_drop_file(write(tmp_path, text), profile, now=NOW)
    assert (reading.report.tags, reading.report.unread, reading.report.labels) == (["FT101"], [], [])
    assert reading.periods is not None
    assert [(p["start"].hour, p["end"].hour) for p in reading.periods.iter_rows(named=True)] == [
        (9, 10),
        (15, 15),
    ]


@pytest.mark.parametrize("ignored", [{}, {"columns": {"ATT_FLAG": "ignored"}}])
def test_labels_that_the_profile_doesn_t_tell_are_named_as_not_read(
    tmp_path: Path, ignored: dict[str, object]
) -> None:
    text = wide("timestamp,FT101,ATT_FLAG", flow, lambda row: str(7 * (row > 20)))
    report = report_of(tmp_path, text, plant(**ignored))
    assert report.labels == ["ATT_FLAG"]
    assert "Columns of labels, not read: 'ATT_FLAG'" in " ".join(report.notes)


def test_labels_that_are_neither_normal_nor_abnormal_are_refused_where_they_are_read(tmp_path: Path) -> None:
    text = wide("timestamp,FT101,ATT_FLAG", flow, lambda row: str(7 * (row > 20)))
    with pytest.raises(Refusal, match=r"row 23, column C \('ATT_FLAG'\): label '7' in 3 rows"):
        report_of(tmp_path, text, plant(columns={"ATT_FLAG": "label"}))


def test_files_without_a_header_are_read_by_names(tmp_path: Path) -> None:
    text = "\n".join(f"{stamp(row)}  {flow(row)} {pressure(row)}" for row in range(ROWS)) + "\n"
    with pytest.raises(Refusal, match="no row of column names"):
        report_of(tmp_path, text, name="export.dat")
    profile = plant(names=["date", "time", "FT101", "PT102"])
    assert counts(report_of(tmp_path, text, profile, "export.dat")) == {"FT101": GOOD, "PT102": GOOD}
    with pytest.raises(Refusal, match="4 columns, and 1 names are given"):
        report_of(tmp_path, text, plant(names=["FT101"]), "export.dat")


def test_rows_without_times_stand_at_the_pace_that_the_profile_tells(tmp_path: Path) -> None:
    text = "\n".join(f"  {flow(row)}   {pressure(row)}" for row in range(ROWS)) + "\n"
    with pytest.raises(Refusal, match=r"no column of times; expected .*reading\.step"):
        report_of(tmp_path, text, plant(names=["FT101", "PT102"]), "d00.dat")
    report = report_of(tmp_path, text, plant(names=["FT101", "PT102"], step="3m"), "d00.dat")
    assert counts(report) == {"FT101": GOOD, "PT102": GOOD}
    assert (report.start, report.end) == (
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2000, 1, 1, 1, 9, tzinfo=UTC),
    )
    assert report.guesses == ["Rows have no times; they are taken as 3m apart from 2000-01-01 on."]
    start = plant(names=["FT101", "PT102"], step="3m", start="2025-03-03T06:00:00Z")
    report = report_of(tmp_path, text, start, "d00.dat")
    assert (report.start, report.guesses) == (datetime(2025, 3, 3, 6, tzinfo=UTC), [])


@pytest.mark.parametrize(
    ("cell", "value"), [("{}%", 50.0), ("{} bar", 50.0), ("{} m3/h", 50.0), ("{}D+01", 500.0), ("{}E0", 50.0)]
)
def test_a_unit_or_an_exponent_behind_every_number_is_no_text(
    tmp_path: Path, cell: str, value: float
) -> None:
    text = wide("timestamp;FT101", lambda row: cell.format(flow(row)), delimiter=";")
    found = read_drop_file(write(tmp_path, text), plant("FT101"), now=NOW).records["value"].to_list()
    assert found[0] == value


@pytest.mark.parametrize(
    "reading",
    [
        {"zone": "Middle-earth"},
        {"decimal": ";"},
        {"quality": "stars"},
        {"columns": {"F": "nothing"}},
        {"codes": ["x"]},
        {"step": "soon"},
        {"unknown": 1},
    ],
)
def test_what_a_profile_can_t_tell_of_its_exports_is_refused(reading: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="reading"):
        plant(**reading)
