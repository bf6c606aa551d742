"""Cells of a file before anybody knows what they mean: one grid a table or sheet, and how large one may be.

Belongs here: what decoders give and `layouts` take. Doesn't belong here: decoders, what the cells mean.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.ingest.errors import Refusal, quote

Format = Literal["csv", "xls", "xlsx", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "xls", "xlsx", "parquet")
TEXT_SUFFIXES = ("csv", "txt", "tsv", "dat")
"""Ends of the names of text files."""

MAX_CELLS = 40_000_000
"""Cells of one file; as text they take about 0.7 GB."""
MAX_WORKBOOK_CELLS = 20_000_000
"""Cells of all sheets of a workbook; its readers take about 50 bytes a cell."""
MAX_COLUMNS = 16_384


@dataclass(frozen=True, slots=True)
class CellGrid:
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
        parts = [f"sheet {quote(self.sheet)}"] if self.sheet else []
        if index is not None:
            parts.append(f"row {index + 1}")
        if column is not None:
            title = f" ({quote(name)})" if name else ""
            if self.names is None:
                parts.append(f"column {column_letters(self.first_column + column)}{title}")
            else:
                parts.append(f"column {quote(self.names[column])}")
        return ", ".join(parts)


@dataclass(slots=True)
class DecodedFile:
    """A file as grids, and how it was decoded."""

    grids: list[CellGrid]
    format: Format
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)


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
