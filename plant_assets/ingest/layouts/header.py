"""Finds the header of a grid, and its columns of times.

Belongs here: where names stand and data begin. Doesn't belong here: what the columns hold (`recognise.py`).
"""

import re
from itertools import takewhile

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.table import TableHeader, TimeColumns, Times
from plant_assets.ingest.layouts.units import is_unit
from plant_assets.ingest.layouts.words import (
    END_WORDS,
    START_WORDS,
    TAG_WORDS,
    TIME_WORDS,
    VALUE_WORDS,
    plain_name,
)

_LOOK = 40
_FIRST = 50
_WORDS = TIME_WORDS | TAG_WORDS | VALUE_WORDS | START_WORDS | END_WORDS
_CLOCK = re.compile(r"^(1899-12-3[01] )?\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?$")
_NUMBER = re.compile(r"^[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?$")

Rows = list[list[str]]


def find_header(grid: CellGrid, names: PlantNames) -> TableHeader:
    """The row of the most known words above the first row that holds a time; without any, the fullest row of texts.

    Args:
        grid: any.
        names: what a plant calls its columns; these are known words too.
    """
    if grid.names is not None:
        filled = _filled(grid.frame)
        titles = [[name] for name in grid.names]
        return TableHeader(list(grid.names), titles, 0, filled, *_kinds(grid.frame, filled))
    rows = [["" if c is None else str(c).strip() for c in row] for row in grid.frame.head(_LOOK).rows()]
    above = list(takewhile(lambda row: not any(map(looks_like_time, row)), rows))
    row = _most_known(above, names)
    begin = _begin(rows, above, row, grid.frame.height)
    if row is None and len(above) < len(rows):
        row = _fullest(grid, above)
    body = grid.frame.slice(begin)
    filled = _filled(body)
    texts = rows[row] if row is not None else [""] * grid.frame.width
    titles = [[r[c] for r in reversed(rows[: (row or 0) + 1]) if r[c]] for c in range(grid.frame.width)]
    return TableHeader(texts, titles, begin, filled, *_kinds(body, filled), row=row)


def time_columns(header: TableHeader) -> Times:
    """Time columns; a column of dates and one of clock times, in either order, count as one."""
    called = {c for c, name in enumerate(header.names) if plain_name(name) in TIME_WORDS}
    named = [c for c in header.filled if c in called or c in header.dated]
    if (pair := _date_and_clock(header, called)) is not None:
        return (pair, *((c,) for c in named if c not in pair and c in header.dated))
    if header.dated and len(named) > len(header.dated):
        named = [c for c in named if c in header.dated]
    return tuple((c,) for c in named)


def _date_and_clock(header: TableHeader, called: set[int]) -> tuple[int, int] | None:
    """The first column of dates, and the nearest one of clock times that is beside it or called a time."""
    if (date := next((c for c in header.filled if c in header.dates), None)) is None:
        return None
    clocks = [c for c in header.filled if c in header.clocks and (abs(c - date) == 1 or c in called)]
    return (date, min(clocks, key=lambda c: abs(c - date))) if clocks else None


def says_utc(header: TableHeader, columns: TimeColumns) -> bool:
    """Whether the name of a time column says that its times are in UTC."""
    return any(re.search(r"(?<![a-z])(utc|gmt)(?![a-z])", header.names[c].casefold()) for c in columns)


def _most_known(rows: Rows, names: PlantNames) -> int | None:
    hits = [sum(_hit(cell, names) for cell in row if cell) for row in rows]
    return max((i for i, n in enumerate(hits) if n), key=lambda i: (hits[i], i), default=None)


def _hit(cell: str, names: PlantNames) -> int:
    return 2 if plain_name(cell) in _WORDS else int(names.column(cell) is not None)


def _begin(rows: Rows, above: Rows, header: int | None, height: int) -> int:
    """The first row of data: units and other texts below the header are stepped over."""
    begin = len(above)
    if header is not None:
        below = takewhile(lambda row: not any(map(_NUMBER.match, row)), above[header + 1 :])
        begin = header + 1 + len(list(below))
    if begin >= len(rows) and height <= _LOOK:
        begin = len(rows) if header is None else header + 1
    return begin


def _fullest(grid: CellGrid, rows: Rows) -> int | None:
    """The row of the most texts that are no units; a line of one field is a title, not a header."""
    texts = [sum(bool(cell) and not is_unit(cell) for cell in row) for row in rows]
    if not any(texts):
        return None
    fullest = texts.index(max(texts))
    return None if grid.fields is not None and grid.fields[fullest] == 1 else fullest


def check_width(grid: CellGrid, header: TableHeader) -> None:
    """Refuse a header with fewer or more cells than the rows below it; empty ones at the end don't count.

    Raises:
        Refusal: which cell names which column can't be told.
    """
    if grid.fields is None or header.row is None or not header.filled:
        return
    names, cells = int(grid.fields[header.row]), int(grid.fields[header.begin :].max(initial=0))
    surplus = range(min(names, cells), max(names, cells))
    rows = grid.frame.slice(header.row)
    if any((rows[str(column)].str.strip_chars() != "").any() for column in surplus):
        raise Refusal(
            "ragged_row",
            f"the header has {names} fields, the rows below it have {cells}",
            place=grid.place(header.row),
            expected="a name for each column, an empty one for row numbers too",
        )


def _filled(body: pl.DataFrame) -> list[int]:
    return [i for i in range(body.width) if body[str(i)].null_count() < body.height]


def _kinds(body: pl.DataFrame, filled: list[int]) -> tuple[set[int], set[int], set[int]]:
    """Columns whose first cells look like times, like dates without a clock, and like a clock alone."""
    dated, dates, clocks = set(), set(), set()
    for column in filled:
        kind = _kind(body[str(column)])
        if kind in ("time", "date"):
            dated.add(column)
        if kind == "date":
            dates.add(column)
        if kind == "clock":
            clocks.add(column)
    return dated, dates, clocks


def _kind(cells: pl.Series) -> str | None:
    if cells.dtype != pl.String:
        typed = {pl.Datetime: "time", pl.Date: "date", pl.Time: "clock"}
        return next((kind for dtype, kind in typed.items() if isinstance(cells.dtype, dtype)), None)
    texts = [t.strip() for t in cells.drop_nulls().head(_FIRST).to_list() if t.strip()]
    if 2 * sum(bool(_CLOCK.match(t)) for t in texts) > len(texts):
        return "clock"
    if 2 * sum(looks_like_time(t) for t in texts) > len(texts):
        return "date" if all(":" not in t or t.endswith(" 00:00:00") for t in texts) else "time"
    return None
