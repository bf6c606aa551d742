"""Finds the header of a grid, and its columns of times.

Belongs here: where names stand and data begin. Doesn't belong here: what the columns hold (`recognise.py`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.decode.zones import zone_in, zone_of_line
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.bare_clock import CLOCK_WORDS, is_bare_clock
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.table import TableHeader, TimeColumns, Times
from plant_assets.ingest.layouts.units import is_unit
from plant_assets.ingest.layouts.words import (
    CALENDAR_WORDS,
    DAY_OF_YEAR_WORDS,
    END_WORDS,
    MAYBE_QUALITY_WORDS,
    MILLI_WORDS,
    QUALITY_WORDS,
    ROLE_WORDS,
    START_WORDS,
    TAG_WORDS,
    TIME_WORDS,
    VALUE_WORDS,
    ZONE_WORDS,
    first_of,
    plain_word,
)

_LOOK = 100
_DATE_PARTS = 3
_FIRST = 50
_WORDS = TIME_WORDS | TAG_WORDS | VALUE_WORDS | START_WORDS | END_WORDS | CALENDAR_WORDS[0]
_CLOCK = re.compile(r"^(1899-12-3[01] )?\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?$")
_ZONE = re.compile(r"(?:UTC|GMT)?[+\-\u2212]\d{1,2}:?\d{2}|Z|UTC|GMT|[A-Z]{3,4}")
_NUMBER = re.compile(r"^[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?$")

_TAG = re.compile(r"(?=.*\d)[^\W_][\w.:/\\|\-]*")

Rows = list[list[str]]


def find_header(grid: CellGrid, names: PlantNames) -> TableHeader:
    """The row of the most known words above the data; without any, the fullest row of texts.

    Args:
        grid: any.
        names: what a plant calls its columns; these are known words too.

    Raises:
        Refusal: another number of columns than a person gives names for.
    """
    if grid.names is not None:
        filled = _filled(grid.frame)
        titles = [[name] for name in grid.names]
        return TableHeader(list(grid.names), titles, 0, filled, *_kinds(grid.frame, filled, grid.names))
    if names.headless is not None:
        return _headless(grid, names.headless)
    rows = [_texts(row) for row in grid.frame.head(_LOOK).rows()]
    above = list(takewhile(partial(_is_above, shape=_TableShape.of(grid.frame)), rows))
    row = _most_known(above, names)
    begin = _begin(rows, above, row, grid.frame.height)
    if row is None and len(above) < len(rows):
        row = _fullest(grid, above)
    body = grid.frame.slice(begin)
    filled = _filled(body)
    texts = rows[row] if row is not None else [""] * grid.frame.width
    titles = [[r[c] for r in reversed(rows[: (row or 0) + 1]) if r[c]] for c in range(grid.frame.width)]
    told = (zone for line in rows[:begin] if (zone := zone_of_line(" ".join(filter(None, line)))))
    kinds = _kinds(body, filled, texts)
    header = TableHeader(texts, titles, begin, filled, *kinds, row=row, zone=next(told, ""))
    if row is not None and len(time_columns(header)) == 1:
        header.names = _joined(rows[:begin], row)
    return header


def _headless(grid: CellGrid, names: Sequence[str]) -> TableHeader:
    """The header of a table that has none, by names that a person gives."""
    width = grid.frame.width
    if names and len(names) != width:
        raise Refusal(
            "ragged_row",
            f"{width} columns, and {len(names)} names are given for them",
            place=grid.place() or None,
            expected="a name for each column in reading.names or --names",
        )
    titles = list(names) or [f"column_{place + 1}" for place in range(width)]
    filled = _filled(grid.frame)
    return TableHeader(titles, [[title] for title in titles], 0, filled, *_kinds(grid.frame, filled, titles))


@dataclass(frozen=True, slots=True)
class _TableShape:
    """What rows of data have in common: columns that hold times in most of them, and how many cells they fill."""

    timed: frozenset[int]
    filled: int

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "_TableShape":
        rows = [_texts(row) for row in frame.slice(frame.height // 2, _FIRST).rows()]
        rows = [row for row in rows if any(row)]
        timed = {
            column
            for column in range(frame.width)
            if (cells := [row[column] for row in rows if row[column]])
            and 2 * sum(map(looks_like_time, cells)) > len(cells)
        }
        fewest = min((sum(map(bool, row)) for row in rows if any(row[c] for c in timed)), default=0)
        return cls(frozenset(timed), fewest)


def _texts(row: Iterable[object]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]


def _is_above(row: list[str], shape: _TableShape) -> bool:
    """Whether a row stands above the data: it has no time where data have one, or is a line of its own."""
    if not shape.timed:
        return not any(map(looks_like_time, row))
    alone = shape.filled > 1 and sum(map(bool, row)) == 1
    return alone or not any(looks_like_time(row[column]) for column in shape.timed)


def _joined(head: Rows, row: int) -> list[str]:
    """Titles of two rows as one: a tag above `Value` and `Status`, or a controller above `PV`, `SP` and `OP`.

    Args:
        head: all rows above the data.
        row: the one that holds the header.
    """
    uppers = sorted(range(row), key=lambda above: _names_tags(head[above]), reverse=True)
    for upper, lower in ((row, row + 1), *((above, row) for above in uppers)):
        if lower < len(head) and (titles := _titles_below(head[upper], head[lower])):
            return [title or own for title, own in zip(titles, head[row], strict=True)]
    return head[row]


def _names_tags(row: list[str]) -> tuple[bool, float]:
    """How well a row names tags: by a word such as Tag before them, and by texts that are written as tags are."""
    texts = [text for text in row if text]
    tags = sum(bool(_TAG.fullmatch(text)) for text in texts)
    return any(plain_word(text) in TAG_WORDS for text in texts), tags / max(len(texts), 1)


def _titles_below(upper: list[str], lower: list[str]) -> list[str]:
    """What two rows say together; empty where the lower one doesn't tell the parts of what the upper one names."""
    parts = {c: part for c, text in enumerate(lower) if (part := _part(text)) is not None}
    named = [c for c in parts if upper[c]]
    if len(parts) < 2 or not named or any(_part(upper[c]) is not None or is_unit(upper[c]) for c in named):
        return []
    titles, owner, owners = [""] * len(upper), "", set()
    for column in range(len(upper)):
        owner = upper[column] or (owner if column in parts else "")
        if column in parts and owner:
            owners.add(owner)
            titles[column] = f"{owner}.{parts[column]}" if parts[column] else owner
    # Different columns: a row of equal texts above them is a title of all, or their units.
    return titles if len(set(filter(None, titles))) == len(list(filter(None, titles))) else []


def _part(text: str) -> str | None:
    """What a text under a tag's name says of the column: empty for its value, None where it is no such word."""
    word = plain_word(text)
    if word in VALUE_WORDS:
        return ""
    role = next(
        (role for role, pattern in ROLE_WORDS.items() if pattern.fullmatch(word.replace("_", " "))), None
    )
    if role is not None:
        return role.upper()
    return text if word in QUALITY_WORDS | MAYBE_QUALITY_WORDS else None


def time_columns(header: TableHeader) -> Times:
    """Time columns; one of dates and one of clock times, in either order, count as one, and so do those of a calendar.

    A column of zones, and one of milliseconds, belong to the first of them.
    """
    zone = [c for c in header.zones if plain_word(header.names[c]) in ZONE_WORDS][:1]
    first, *others = _clocked(header) or ((),)
    millis = [c for c in header.filled if c in header.millis][:1]
    return ((*first, *millis, *zone), *others) if first else ()


def _clocked(header: TableHeader) -> Times:
    """Time columns without those of zones."""
    called = {c for c, name in enumerate(header.names) if plain_word(name) in TIME_WORDS}
    named = [c for c in header.filled if c in called or c in header.dated]
    if (pair := _date_and_clock(header, called)) is not None:
        return (pair, *((c,) for c in named if c not in pair and c in header.dated))
    if header.dated and len(named) > len(header.dated):
        named = [c for c in named if c in header.dated]
    if not named and (parts := _calendar(header)):
        return (parts,)
    return tuple((c,) for c in named)


def _calendar(header: TableHeader) -> TimeColumns:
    """The columns of years, months and days, and of the clock as far as there are; empty where one of the date lacks."""
    words = {c: plain_word(header.names[c]) for c in header.filled}
    year, *month_and_day = CALENDAR_WORDS[:_DATE_PARTS]
    for date in ((year, *month_and_day), (year, DAY_OF_YEAR_WORDS)):
        parts: list[int] = []
        for known in (*date, *CALENDAR_WORDS[_DATE_PARTS:]):
            if (column := first_of(words, known)) is None:
                break
            parts.append(column)
        if len(parts) >= len(date):
            return tuple(parts)
    return ()


def _date_and_clock(header: TableHeader, called: set[int]) -> tuple[int, int] | None:
    """The first column of dates, and the nearest one of clock times that is beside it or called a time."""
    if (date := next((c for c in header.filled if c in header.dates), None)) is None:
        return None
    called = called | {c for c, name in enumerate(header.names) if plain_word(name) in CLOCK_WORDS}
    clocks = [c for c in header.filled if c in header.clocks and (abs(c - date) == 1 or c in called)]
    return (date, min(clocks, key=lambda c: abs(c - date))) if clocks else None


def told_zone(header: TableHeader, columns: TimeColumns) -> str:
    """The time zone or offset that the name of a time column says its times are in; empty where it says none."""
    titles = (zone_in(header.names[c]) for c in columns if c not in header.zones)
    return next(filter(None, titles), header.zone)


def _most_known(rows: Rows, names: PlantNames) -> int | None:
    """Of equal ones the row of the fewest units and repeated texts, and then the lowest."""
    hits = [sum(_hit(cell, names) for cell in row if cell) for row in rows]
    odd = [len(row) - len(set(row)) + sum(map(is_unit, row)) for row in rows]
    return max((i for i, n in enumerate(hits) if n), key=lambda i: (hits[i], -odd[i], i), default=None)


def _hit(cell: str, names: PlantNames) -> int:
    return 2 if plain_word(cell) in _WORDS else int(names.column(cell) is not None)


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


def _kinds(
    body: pl.DataFrame, filled: list[int], names: Sequence[str]
) -> tuple[set[int], set[int], set[int], set[int], set[int]]:
    """Columns whose cells look like times, dates without a clock, a clock alone, zones, and milliseconds."""
    kinds = {column: _kind(body[str(column)]) for column in filled}
    # 18.30.00 may be a date too, unless there is one.
    bare = {c for c in filled if is_bare_clock(body[str(c)], plain_word(names[c]))}
    if any(kind == "date" for column, kind in kinds.items() if column not in bare):
        kinds |= dict.fromkeys(bare, "clock")

    def of(*wanted: str) -> set[int]:
        return {column for column, kind in kinds.items() if kind in wanted}

    millis = {c for c in filled if plain_word(names[c]) in MILLI_WORDS and _are_millis(body[str(c)])}
    return of("time", "date"), of("date"), of("clock"), of("zone"), millis


def _are_millis(cells: pl.Series) -> bool:
    numbers = cells.cast(pl.Float64, strict=False)
    return numbers.null_count() == cells.null_count() and bool(numbers.is_between(0, 999).all())


def _kind(cells: pl.Series) -> str | None:
    if cells.dtype != pl.String:
        typed = {pl.Datetime: "time", pl.Date: "date", pl.Time: "clock"}
        return next((kind for dtype, kind in typed.items() if isinstance(cells.dtype, dtype)), None)
    texts = [t.strip() for t in cells.drop_nulls().head(_FIRST).to_list() if t.strip()]
    if 2 * sum(bool(_CLOCK.match(t)) for t in texts) > len(texts):
        return "clock"
    if texts and all(map(_ZONE.fullmatch, texts)):
        return "zone"
    if 2 * sum(looks_like_time(t) for t in texts) > len(texts):
        return "date" if all(":" not in t or t.endswith(" 00:00:00") for t in texts) else "time"
    return None
