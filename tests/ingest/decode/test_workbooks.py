"""Excel workbooks, old and new: layouts of per-tag exports, formulas, damage and bombs."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import openpyxl
import openpyxl.chart
import pytest
import xlwt

from plant_assets.ingest.decode.ole import check_old_workbook
from plant_assets.ingest.errors import Refusal
from tests.ingest.cases import PLANT, WIDE, read, refused, rows, times, values, write

Cell = str | float | datetime | time | None
Sheets = dict[str, dict[tuple[int, int], Cell]]

START = datetime(2015, 1, 1)


def xlsx(path: Path, sheets: Sheets) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for (row, column), value in cells.items():
            sheet.cell(row + 1, column + 1, value)
    book.save(path)
    return path


def xls(path: Path, sheets: Sheets) -> Path:
    book = xlwt.Workbook()
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for name, cells in sheets.items():
        sheet = book.add_sheet(name)
        for (row, column), value in cells.items():
            if isinstance(value, datetime):
                sheet.write(row, column, value, style)
            else:
                sheet.write(row, column, value)
    book.save(str(path))
    return path


def table(rows: list[list[Cell]], row: int = 0, column: int = 0) -> dict[tuple[int, int], Cell]:
    return {
        (row + i, column + j): v for i, line in enumerate(rows) for j, v in enumerate(line) if v is not None
    }


def series(count: int, low: float, minutes: int) -> list[list[Cell]]:
    return [[low + i, START + timedelta(minutes=minutes * i)] for i in range(count)]


WRITERS = pytest.mark.parametrize(("writer", "suffix"), [(xlsx, "xlsx"), (xls, "xls")])
Writer = Callable[[Path, Sheets], Path]


@WRITERS
def test_a_wide_sheet(tmp_path: Path, writer: Writer, suffix: str) -> None:
    cells = table(
        [
            ["Timestamp", "TE301020", "PDT31008"],
            [START, 107.123456789, "Bad"],
            [START + timedelta(hours=1), 108, 230],
        ]
    )
    reading = read(writer(tmp_path / f"export.{suffix}", {"Data": cells}))
    assert reading.report.layout == "wide"
    assert values(reading, "TE301020") == [107.123456789, 108]
    assert values(reading, "PDT31008") == [230]
    assert rows(reading, "PDT31008") == [3]
    assert reading.report.counts["missing"] == 1


@WRITERS
@pytest.mark.parametrize("times_first", [False, True])
@pytest.mark.parametrize("header", [True, False])
def test_a_simple_tag_with_value_and_timestamp(
    tmp_path: Path, writer: Writer, suffix: str, times_first: bool, header: bool
) -> None:
    lines = series(4, 100, 7)
    if header:
        lines.insert(0, ["Value", "Timestamp"])
    if times_first:
        lines = [line[::-1] for line in lines]
    reading = read(writer(tmp_path / f"TE301020.{suffix}", {"Sheet1": table(lines)}))
    assert reading.report.layout == "per_tag"
    assert values(reading, "TE301020") == [100, 101, 102, 103]
    assert times(reading, "TE301020")[1] == "2015-01-01 00:07"
    assert rows(reading, "TE301020")[0] == (2 if header else 1)


HEADS = {
    "roles": (["PV", "Timestamp"], ["OP", "Timestamp"], ["SP", "Timestamp"]),
    "names": (["FIC31011_PV", "t"], ["FIC31011_OP", "t"], ["FIC31011_SP", "t"]),
    "dotted": (["FIC31011.PV", "Time"], ["FIC31011.OP", "Time"], ["FIC31011.SP", "Time"]),
    "none": (None, None, None),
    "plain": (["Value", "Timestamp"], ["Value", "Timestamp"], ["Value", "Timestamp"]),
}


@WRITERS
@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("times_first", [False, True])
def test_a_controller_with_pv_op_and_sp_each_with_its_own_times(
    tmp_path: Path, writer: Writer, suffix: str, heads: str, times_first: bool
) -> None:
    cells: dict[tuple[int, int], Cell] = {}
    for column, head, block in zip(
        (0, 4, 8), HEADS[heads], (series(5, 400, 3), series(3, 40, 5), series(2, 410, 60)), strict=True
    ):
        lines = [head, *block] if head else block
        cells |= table([line[::-1] for line in lines] if times_first else lines, 0, column)
    reading = read(writer(tmp_path / f"FIC31011.{suffix}", {"Tabelle1": cells}))
    assert reading.report.layout == "per_tag"
    assert values(reading, "FIC31011_PV") == [400, 401, 402, 403, 404]
    assert values(reading, "FIC31011_OP") == [40, 41, 42]
    assert values(reading, "FIC31011_SP") == [410, 411]
    assert times(reading, "FIC31011_SP") == ["2015-01-01 00:00", "2015-01-01 01:00"]


def test_tags_by_sheet_name_in_one_workbook(tmp_path: Path) -> None:
    head: list[Cell] = ["Value", "Timestamp"]
    sheets = {
        "Readme": table([["Exported for the yearly review"]]),
        "TE301020": table([head, *series(2, 100, 60)]),
        "pdt31008 (mbar)": table([head, *series(3, 200, 60)]),
    }
    reading = read(xlsx(tmp_path / "export.xlsx", sheets))
    assert values(reading, "TE301020") == [100, 101]
    assert values(reading, "PDT31008") == [200, 201, 202]
    assert "Sheet 'Readme' was not read" in " ".join(reading.report.notes)


def test_a_set_point_alone_is_told_by_its_columns(tmp_path: Path) -> None:
    reading = read(xlsx(tmp_path / "2015-01 LIC31002.xlsx", {"x": table(series(2, 60, 60), 0, 8)}))
    assert values(reading, "LIC31002_SP") == [60, 61]


def test_a_per_tag_csv(tmp_path: Path) -> None:
    text = "timestamp;value;quality\n2015-01-01 00:00;107,5;Good\n2015-01-01 00:03;108;Bad\n"
    reading = read(write(tmp_path, "TE301020_2015.csv", text))
    assert reading.report.layout == "per_tag"
    assert values(reading, "TE301020") == [107.5]


def test_a_tag_that_can_not_be_told(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "export.xlsx", {"Sheet1": table([["Value", "Timestamp"], *series(2, 1, 1)])})
    refusal = refused(path, "no_known_tag")
    assert "'Sheet1'" in refusal.message
    assert "'export'" in refusal.message


def test_rows_and_columns_are_counted_as_excel_shows_them(tmp_path: Path) -> None:
    cells = table([["Timestamp", "TE301020"], [START, 107], [START + timedelta(hours=1), "broken"]], 3, 2)
    refusal = refused(xlsx(tmp_path / "a.xlsx", {"Data": cells}), "text_in_number_column")
    assert refusal.place == "sheet 'Data', row 6, column D ('TE301020')"


def test_a_formula_without_result_is_refused_by_cell(tmp_path: Path) -> None:
    cells = table([["Timestamp", "TE301020"], [START, "=100+7"]])
    refusal = refused(xlsx(tmp_path / "a.xlsx", {"Data": cells}), "formula")
    assert refusal.place == "sheet 'Data', cell B2"


def test_a_formula_with_a_stored_result_is_read_and_noted(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"Data": table([["Timestamp", "TE301020"], [START, "=100+7"]])})
    repack(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: (
            xml.replace(b"<v></v>", b"<v>107</v>")
            .replace(b"<v />", b"<v>107</v>")
            .replace(b"<v/>", b"<v>107</v>")
        ),
    )
    reading = read(path)
    assert values(reading, "TE301020") == [107]
    assert "1 formulas" in " ".join(reading.report.notes)


def repack(
    path: Path, part: str, change: Callable[[bytes], bytes], extra: dict[str, bytes] | None = None
) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **(extra or {})}.items():
            archive.writestr(name, content)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return xlsx(
        tmp_path / "a.xlsx",
        {"Data": table([["Timestamp", "TE301020"], *[line[::-1] for line in series(50, 100, 9)]])},
    )


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_workbook_cut_off(workbook: Path, share: float) -> None:
    data = workbook.read_bytes()
    workbook.write_bytes(data[: int(len(data) * share)])
    refused(workbook, "truncated")


def test_a_workbook_with_flipped_bytes_never_crashes(workbook: Path) -> None:

    data = workbook.read_bytes()
    outcomes = set()
    for at in range(40, len(data), len(data) // 60):
        workbook.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            outcomes.add(read(workbook).kind)
        except Refusal as refusal:
            outcomes.add(refusal.code)
    assert outcomes & {"truncated", "damaged"}


def test_an_old_workbook_cut_off(tmp_path: Path) -> None:
    path = xls(
        tmp_path / "a.xls",
        {"Data": table([["Timestamp", "TE301020"], *[line[::-1] for line in series(900, 1, 9)]])},
    )
    path.write_bytes(path.read_bytes()[:5000])
    refused(path, "damaged")


def test_a_bomb_by_ratio(workbook: Path) -> None:
    repack(workbook, "xl/workbook.xml", lambda xml: xml, {"xl/media/x.xml": b"\0" * (32 * 2**20)})
    assert "times smaller" in refused(workbook, "bomb").message


def test_a_bomb_by_size(workbook: Path) -> None:
    repack(workbook, "xl/workbook.xml", lambda xml: xml, {"xl/media/x.xml": b"\0" * (6 * 2**20)})
    assert "MiB inside" in refused(workbook, "bomb", max_bytes=2**20).message


def test_a_bomb_of_many_parts(workbook: Path) -> None:
    repack(workbook, "xl/workbook.xml", lambda xml: xml, {f"xl/media/{i}": b"" for i in range(5000)})
    assert "5,0" in refused(workbook, "bomb").message


def test_a_bomb_nested_in_the_workbook(workbook: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"\0" * 2**20)
    repack(workbook, "xl/workbook.xml", lambda xml: xml, {"xl/media/inner.zip": inner.getvalue()})
    refused(workbook, "bomb")


def test_a_bomb_whose_directory_lies(workbook: Path) -> None:
    content = b"A" * (3 * 2**20)
    repack(workbook, "xl/workbook.xml", lambda xml: xml, {"xl/media/x.xml": content})
    data = workbook.read_bytes()
    lie, honest = (1000).to_bytes(4, "little"), len(content).to_bytes(4, "little")
    workbook.write_bytes(data.replace(honest, lie))
    assert "larger than the archive's directory says" in refused(workbook, "bomb").message


def test_one_cell_at_the_far_corner_allocates_nothing(workbook: Path) -> None:
    repack(
        workbook,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
    )
    refused(workbook, "too_many_cells")


def test_an_empty_workbook(tmp_path: Path) -> None:
    refused(xlsx(tmp_path / "a.xlsx", {"Data": {}}), "empty")


def test_several_per_tag_files_form_one_drop(tmp_path: Path) -> None:
    from plant_assets.ingest.reading import combine

    readings = [
        read(xlsx(tmp_path / "TE301020.xlsx", {"Sheet1": table(series(3, 100, 60))})),
        read(xls(tmp_path / "PDT31008.xls", {"Sheet1": table(series(2, 200, 60))})),
        read(write(tmp_path, "wide.csv", WIDE)),
    ]
    records = combine(readings, PLANT)
    assert records.select("tag", "value").filter(tag="TE301020")["value"].to_list() == [107.5, 108, 102]
    assert records.height == 5


def test_a_text_that_a_million_cells_share(workbook: Path) -> None:
    cells = b'<row r="60">' + b'<c t="s"><v>0</v></c>' * 10_000 + b"</row></sheetData>"
    text = b"<sst><si><t>" + bytes(range(65, 91)) * 10_000 + b"</t></si></sst>"
    repack(
        workbook,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"</sheetData>", cells),
        {"xl/sharedStrings.xml": text},
    )
    assert "10,00" in refused(workbook, "bomb").message


def test_styled_empty_cells_do_not_shift_the_columns(tmp_path: Path) -> None:
    cells = table([["Timestamp", "TE301020"], [START, "broken"]], 0, 1)
    path = xlsx(tmp_path / "a.xlsx", {"Data": cells})
    repack(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'<row r="1">', b'<row r="1"><c r="A1" s="0"/>'),
    )
    assert refused(path, "text_in_number_column").place == "sheet 'Data', row 2, column C ('TE301020')"


def test_a_chart_sheet_is_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Timestamp", "TE301020"])
    sheet.append([START, 107])
    chart = openpyxl.chart.LineChart()
    chart.add_data(openpyxl.chart.Reference(sheet, min_col=2, min_row=1, max_row=2))
    book.create_chartsheet("Trend", 0).add_chart(chart)
    book.save(tmp_path / "a.xlsx")
    assert values(read(tmp_path / "a.xlsx"), "TE301020") == [107]


def test_an_old_workbook_with_cells_in_opposite_corners_allocates_nothing(tmp_path: Path) -> None:
    corners: dict[tuple[int, int], Cell] = {(0, 0): 1.0, (65535, 255): 1.0}
    path = xls(tmp_path / "a.xls", {"a": corners, "b": corners})
    assert path.stat().st_size < 10_000
    assert "33,554,432 cells" in refused(path, "too_many_cells").message


def test_the_extent_of_old_workbooks_small_and_large(tmp_path: Path) -> None:
    small = xls(tmp_path / "a.xls", {"a": {(2, 1): 1.0, (5, 3): "x", (3, 2): None}, "b": {(9, 9): 1.0}})
    assert check_old_workbook(small.read_bytes()).cells == 4 * 3 + 1
    large = xls(tmp_path / "b.xls", {"a": {(i, j): float(i) + 0.1 for i in range(900) for j in range(12)}})
    assert large.stat().st_size > 90_000
    assert check_old_workbook(large.read_bytes()).cells == 900 * 12


def test_an_old_workbook_with_flipped_bytes_never_crashes(tmp_path: Path) -> None:
    path = xls(tmp_path / "TE301020.xls", {"a": table(series(50, 100, 9))})
    data = path.read_bytes()
    outcomes = set()
    for at in range(24, len(data), 37):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            outcomes.add(read(path).kind)
        except Refusal as refusal:
            outcomes.add(refusal.code)
    assert {"records", "damaged"} <= outcomes


def test_a_formula_in_an_old_workbook_is_noted(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("x")
    for row, line in enumerate([["timestamp", "TE301020"], ["2015-01-01 00:00", 107.0]]):
        for column, value in enumerate(line):
            sheet.write(row, column, value)
    sheet.write(1, 2, xlwt.Formula("1+1"))
    book.save(str(tmp_path / "a.xls"))
    reading = read(tmp_path / "a.xls")
    assert values(reading, "TE301020") == [107]
    assert "1 formulas" in " ".join(reading.report.notes)


def test_date_and_time_cells_in_two_columns(tmp_path: Path) -> None:
    cells = table([["Time", "Date", "TE301020"], [time(8, 5), START, 107], [time(9, 5), START, 108]])
    reading = read(xlsx(tmp_path / "a.xlsx", {"Data": cells}))
    assert times(reading, "TE301020") == ["2015-01-01 08:05", "2015-01-01 09:05"]
