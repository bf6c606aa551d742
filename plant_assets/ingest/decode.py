"""Turns the bytes of a file into grids of cells, or refuses them.

Belongs here: what a grid is, and which decoder reads which file. Doesn't belong here: what the
cells mean (`layouts*.py`).
"""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.ingest.errors import Refusal

Format = Literal["csv", "xls", "xlsx", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "xls", "xlsx", "parquet")

MAX_CELLS = 40_000_000
"""Cells of one file; as text they take about 0.7 GB."""
MAX_WORKBOOK_CELLS = 20_000_000
"""Cells of all sheets of a workbook; its readers take about 50 bytes a cell."""
MAX_COLUMNS = 16_384

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_TITLES = {
    "csv": "text",
    "xls": "an old Excel workbook (.xls) or a password-protected one",
    "zip": "a zip archive or Excel workbook (.xlsx)",
    "parquet": "a Parquet file",
}


@dataclass(frozen=True, slots=True)
class Grid:
    """One table or sheet as cells.

    Attributes:
        frame: columns named "0", "1", …; text unless the file itself is typed.
        sheet: sheet name, empty where the file has none.
        names: column names where they aren't themselves cells (Parquet).
        first_column: index of the sheet's column that `frame` starts at.
        nested: names of columns that hold nested values, which `frame` is without.
        fields: how many cells each row of a text has; None where rows are of one width.
    """

    frame: pl.DataFrame
    sheet: str = ""
    names: tuple[str, ...] | None = None
    first_column: int = 0
    nested: tuple[str, ...] = ()
    fields: np.ndarray | None = None

    def place(self, index: int | None = None, column: int | None = None, name: str = "") -> str:
        """Where a cell is, as a person counts: rows from 1, columns by letter and name."""
        parts = [f"sheet {shown(self.sheet)}"] if self.sheet else []
        if index is not None:
            parts.append(f"row {index + 1}")
        if column is not None:
            title = f" ({shown(name)})" if name else ""
            if self.names is None:
                parts.append(f"column {column_letters(self.first_column + column)}{title}")
            else:
                parts.append(f"column {shown(self.names[column])}")
        return ", ".join(parts)


@dataclass(slots=True)
class Decoded:
    """A file as grids, and how it was decoded."""

    grids: list[Grid]
    format: Format
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)


def decode(data: bytes, name: str, *, max_bytes: int) -> Decoded:
    """Decode a file by its content, which must be what its name says.

    Raises:
        Refusal: empty, of another kind than its name says, damaged, or unreasonably large inside.
    """
    declared = declared_format(name)
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refusal("empty", "the file is empty", expected="a table with a header row and data")
    found = _content(data)
    if found != ("zip" if declared == "xlsx" else declared):
        raise Refusal(
            "wrong_extension",
            f"the name ends in .{declared} but the content is {_TITLES.get(found, found)}",
            expected=f"{_TITLES['zip' if declared == 'xlsx' else declared]}, or the right extension",
        )
    if declared == "csv":
        from plant_assets.ingest.decode_text import decode_text

        return decode_text(data)
    if declared == "parquet":
        from plant_assets.ingest.decode_parquet import decode_parquet

        return decode_parquet(data, max_bytes=max_bytes)
    from plant_assets.ingest.decode_excel import decode_excel

    return decode_excel(data, declared, max_bytes=max_bytes)


def declared_format(name: str) -> Format:
    """Format that a file's name promises.

    Raises:
        Refusal: none of those that can be read.
    """
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    for known in FORMATS:
        if suffix == known:
            return known
    raise Refusal(
        "unknown_extension",
        f"files ending in {shown('.' + suffix) if suffix else 'no extension'} are not read",
        expected=".csv, .xls, .xlsx or .parquet",
    )


def _content(data: bytes) -> str:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table")):
        return "a web page"
    if head.startswith(b"<?xml"):
        return "an XML document"
    return "csv"


def check_cells(rows: int, columns: int, place: str | None = None) -> None:
    """Refuse tables that would not fit into memory with room to spare."""
    if columns > MAX_COLUMNS:
        raise Refusal(
            "too_many_columns", f"{columns:,} columns", place=place, expected=f"at most {MAX_COLUMNS:,}"
        )
    check_total(rows * columns, MAX_CELLS, place)


def check_total(cells: int, limit: int, place: str | None = None) -> None:
    """Refuse more cells than a decoder can hold."""
    if cells > limit:
        raise Refusal(
            "too_many_cells",
            f"{cells:,} cells, counting the empty ones between the first and the last",
            place=place,
            expected=f"at most {limit:,} cells a file; export fewer columns, or a shorter time a file",
        )


def column_letters(index: int) -> str:
    """Spreadsheet name of a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def shown(text: object, limit: int = 60) -> str:
    """Text from a file made harmless and short for a message: one line, printable, quoted."""
    clean = "".join(c if c.isprintable() else "�" for c in str(text))
    return f"'{clean[: limit - 1]}…'" if len(clean) > limit else f"'{clean}'"
