"""Excel workbooks to grids, one a sheet, every cell as text (times as ISO, numbers in full precision).

Formulas are never evaluated: the result that Excel stored is read, and a formula without one is refused.
"""

import polars as pl

from plant_assets.ingest.decode.cells import (
    MAX_WORKBOOK_CELLS,
    CellGrid,
    DecodedFile,
    Format,
    check_cells,
    check_total,
)
from plant_assets.ingest.decode.ole import check_old_workbook
from plant_assets.ingest.decode.zip_archive import SheetFacts, WorkbookFacts, check_workbook
from plant_assets.ingest.errors import Refusal, quote

MAX_SHEETS = 500


def decode_excel(data: bytes, kind: Format, *, max_bytes: int) -> DecodedFile:
    """Decode a workbook; empty sheets are left out.

    Raises:
        Refusal: damaged, a bomb, or a formula without a stored result.
    """
    decoded = DecodedFile([], kind)
    hidden: list[str] = []
    if kind == "xls":
        facts = WorkbookFacts()
        extent = check_old_workbook(data)
        check_total(extent.cells, MAX_WORKBOOK_CELLS)
        if extent.formulas:
            decoded.notes.append(f"{extent.formulas} formulas; the results stored with them were read.")
    else:
        facts = check_workbook(data, max_bytes=max_bytes)
    for name, sheet in facts.sheets.items():
        if sheet.unsolved:
            raise Refusal(
                "formula",
                "a formula whose result is not stored in the file",
                place=f"sheet {quote(name)}, cell {sheet.unsolved}",
                expected="values; open the workbook in Excel and save it, or paste as values",
            )
        if sheet.formulas:
            decoded.notes.append(
                f"Sheet {quote(name)}: {sheet.formulas} formulas; the results stored with them were read."
            )
    for name, frame, visible in _frames(data, facts.pictures):
        if not visible:
            hidden.append(name)
            continue
        first = (facts.sheets.get(name) or SheetFacts()).first_column or 0
        if frame.width and frame.height:
            decoded.grids.append(CellGrid(frame, name, first_column=first))
    if hidden:
        decoded.notes.append(f"Hidden sheets, not read: {', '.join(map(quote, hidden))}.")
    if not decoded.grids and hidden:
        raise Refusal(
            "hidden",
            f"all sheets are hidden, such as {quote(hidden[0])}",
            expected="a sheet that Excel shows",
        )
    if not decoded.grids:
        raise Refusal("empty", "the workbook has no cells", expected="a sheet with a header row and data")
    return decoded


def _frames(data: bytes, pictures: set[str]) -> list[tuple[str, pl.DataFrame, bool]]:
    import fastexcel

    frames = []
    try:
        book = fastexcel.read_excel(data)
        if len(book.sheet_names) > MAX_SHEETS:
            raise Refusal(
                "too_many_sheets", f"{len(book.sheet_names)} sheets", expected=f"at most {MAX_SHEETS}"
            )
        for name in book.sheet_names:
            if name in pictures:
                continue
            sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            check_cells(sheet.total_height, sheet.width, place=f"sheet {quote(name)}")
            frame = sheet.to_polars()
            frames.append(
                (
                    name,
                    frame.rename({c: str(i) for i, c in enumerate(frame.columns)}),
                    sheet.visible == "visible",
                )
            )
    except Refusal:
        raise
    except BaseException as error:
        # A parser written in Rust reports some damage as PanicException, which is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Refusal("damaged", "the workbook can't be read", expected="a complete workbook") from None
    return frames
