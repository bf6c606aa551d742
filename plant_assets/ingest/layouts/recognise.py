"""Recognises what a grid is: wide, long, a per-tag export, or an operator log.

Belongs here: the order in which layouts are tried, and headers. A layout only says which cells to read;
`extract.py` reads them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.layout import SeriesSource, TableHeader, TableLayout
from plant_assets.ingest.layouts.names import (
    END_WORDS,
    QUALITY_WORDS,
    REASON_WORDS,
    START_WORDS,
    TAG_WORDS,
    TIME_WORDS,
    VALUE_WORDS,
    PlantNames,
    plain_name,
)
from plant_assets.ingest.layouts.pairs import per_tag

_LOOK = 40
_SHOWN_UNKNOWN = 12
_CLOCK = re.compile(r"^(1899-12-3[01] )?\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?$")
_NUMBER = re.compile(r"^[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?$")


def recognise(grid: CellGrid, names: PlantNames, stem: str) -> TableLayout:
    """The layout of a grid.

    Args:
        stem: file name without extension; per-tag exports take their tag from it or from the sheet.

    Raises:
        Refusal: nothing that can be read, with the names found and the nearest known ones.
    """
    head = find_head(grid, names)
    check_width(grid, head)
    if not head.filled and any(head.names):
        raise Refusal(
            "no_values",
            "column names, and no row of data below them",
            place=grid.place() or None,
            expected="at least one row with a time and a value",
        )
    words = {column: plain_name(name) for column, name in enumerate(head.names)}
    start, end = (first_of(words, w) for w in (START_WORDS, END_WORDS))
    if start is not None and end is not None:
        columns = {"start": start, "end": end}
        if (reason := first_of(words, REASON_WORDS)) is not None:
            columns["reason"] = reason
        return TableLayout("periods", head.begin, columns=columns, utc=_utc(head, (start,)))
    times = time_columns(head, words)
    tag, value = first_of(words, TAG_WORDS), first_of(words, VALUE_WORDS)
    if tag is not None and value is not None and times:
        source = SeriesSource(value, times[0], tag_column=tag, quality=first_of(words, QUALITY_WORDS))
        return TableLayout("long", head.begin, [source], utc=_utc(head, times[0]))
    if times and (layout := per_tag(grid, head, names, stem, times)) is not None:
        layout.utc = _utc(head, times[0])
        return layout
    return _wide(grid, head, names, times)


def find_head(grid: CellGrid, names: PlantNames) -> TableHeader:
    """Find the header: the row of the most known words above the first row that holds a time."""
    width = grid.frame.width
    if grid.names is not None:
        cells = {i: grid.frame[str(i)].head(50) for i in range(width)}
        filled = [i for i in range(width) if grid.frame[str(i)].null_count() < grid.frame.height]
        return TableHeader(list(grid.names), [[n] for n in grid.names], 0, filled, *_kinds(cells))
    rows = [
        [str(cell).strip() if cell is not None else "" for cell in row]
        for row in grid.frame.head(_LOOK).rows()
    ]
    first = next((i for i, row in enumerate(rows) if any(looks_like_time(c) for c in row)), len(rows))
    hits = [_hits(row, names) for row in rows[:first]]
    header = max((i for i, n in enumerate(hits) if n), key=lambda i: (hits[i], i), default=None)
    begin = first if header is None else header + 1
    while header is not None and begin < first and not any(_NUMBER.match(c) for c in rows[begin]):
        begin += 1
    if begin >= len(rows) and grid.frame.height <= _LOOK:
        begin = len(rows) if header is None else header + 1
    body = grid.frame.slice(begin)
    filled = [i for i in range(width) if body[str(i)].null_count() < body.height]
    cells = {i: body[str(i)].drop_nulls().head(50) for i in filled}
    top = rows[header] if header is not None else [""] * width
    titles = [[row[i] for row in reversed(rows[: (header or 0) + 1]) if row[i]] for i in range(width)]
    return TableHeader(top, titles, begin, filled, *_kinds(cells), row=header)


def check_width(grid: CellGrid, head: TableHeader) -> None:
    """Refuse a header with fewer or more cells than the rows below it; empty ones at the end don't count.

    Raises:
        Refusal: which cell names which column can't be told.
    """
    if grid.fields is None or head.row is None or not head.filled:
        return
    names, cells = int(grid.fields[head.row]), int(grid.fields[head.begin :].max(initial=0))
    surplus = range(min(names, cells), max(names, cells))
    rows = grid.frame.slice(head.row)
    if any((rows[str(column)].str.strip_chars() != "").any() for column in surplus):
        raise Refusal(
            "ragged_row",
            f"the header has {names} fields, the rows below it have {cells}",
            place=grid.place(head.row),
            expected="a name for each column, an empty one for row numbers too",
        )


def _hits(row: list[str], names: PlantNames) -> int:
    words = TIME_WORDS | TAG_WORDS | VALUE_WORDS | START_WORDS | END_WORDS
    return sum(
        2 if plain_name(c) in words else 1 for c in row if c and (plain_name(c) in words or names.column(c))
    )


def _kinds(cells: dict[int, pl.Series]) -> tuple[set[int], set[int], set[int]]:
    """Columns whose first cells look like times, like dates without a clock, and like a clock alone."""
    dated, dates, clocks = set(), set(), set()
    for column, series in cells.items():
        if series.dtype != pl.String:
            dated |= {column} if isinstance(series.dtype, pl.Datetime | pl.Date) else set()
            dates |= {column} if isinstance(series.dtype, pl.Date) else set()
            clocks |= {column} if isinstance(series.dtype, pl.Time) else set()
            continue
        texts = [t.strip() for t in series.drop_nulls().to_list() if t.strip()]
        if 2 * sum(bool(_CLOCK.match(t)) for t in texts) > len(texts):
            clocks.add(column)
        elif 2 * sum(looks_like_time(t) for t in texts) > len(texts):
            dated.add(column)
            if all(":" not in t or t.endswith(" 00:00:00") for t in texts):
                dates.add(column)
    return dated, dates, clocks


def first_of(words: dict[int, str], known: frozenset[str]) -> int | None:
    return next((column for column, word in words.items() if word in known), None)


def _utc(head: TableHeader, columns: tuple[int, ...]) -> bool:
    return any(re.search(r"(?<![a-z])(utc|gmt)(?![a-z])", head.names[c].casefold()) for c in columns)


def time_columns(head: TableHeader, words: dict[int, str]) -> list[tuple[int, ...]]:
    """Time columns; a column of dates and one of clock times, in either order, count as one."""
    named = [c for c in head.filled if words.get(c) in TIME_WORDS or c in head.dated]
    clocks = [c for c in head.filled if c in head.clocks]
    if dates := [c for c in named if c in head.dates]:
        date = dates[0]
        beside = [c for c in clocks if abs(c - date) == 1 or words.get(c) in TIME_WORDS]
        if beside:
            clock = min(beside, key=lambda c: abs(c - date))
            rest = [c for c in named if c not in (date, clock)]
            return [(date, clock), *((c,) for c in rest if c in head.dated)]
    if head.dated and len(named) > len(head.dated):
        named = [c for c in named if c in head.dated]
    return [(c,) for c in named]


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of a wide table are: tag → column of its values, of its quality; titles of the rest."""

    values: dict[str, int] = field(default_factory=dict)
    qualities: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def _columns(grid: CellGrid, head: TableHeader, names: PlantNames, used: set[int]) -> _Columns:
    found, bare = _Columns(), dict[str, int]()
    for column, title in enumerate(head.names):
        if column in used or not title:
            continue
        if (known := names.column(title)) is not None:
            if known in found.values:
                raise Refusal(
                    "duplicate_column",
                    f"{quote(head.names[found.values[known]])} and {quote(title)} both mean {known}",
                    place=grid.place(column=column, name=title),
                    expected="one column a tag",
                )
            found.values[known] = column
        elif (tag := names.quality_of(title)) is not None:
            found.qualities[tag] = column
        elif names.ignored(title):
            found.ignored.append(title)
        elif plain_name(title) in QUALITY_WORDS:
            bare[title] = column
        else:
            found.unknown.append(title)
    if len(found.values) == len(bare) == 1 and not found.unknown:  # a file of one tag
        (tag,), (column,) = found.values, bare.values()
        found.qualities.setdefault(tag, column)
    else:
        found.unknown.extend(bare)
    return found


def _wide(grid: CellGrid, head: TableHeader, names: PlantNames, times: list[tuple[int, ...]]) -> TableLayout:
    columns = _columns(grid, head, names, {c for group in times[:1] for c in group})
    found, unknown, ignored = columns.values, columns.unknown, columns.ignored
    if not found:
        raise _nothing_known(grid, head, names, unknown)
    if not times:
        raise Refusal(
            "no_time_column",
            f"tags such as {next(iter(found))}, but no column of times",
            place=grid.place() or None,
            expected="a column named timestamp",
        )
    notes = [_unknown_note(unknown, names)] if unknown else []
    timed = {c for group in times for c in group}
    if unnamed := [grid.place(column=c) for c in head.filled if not head.names[c] and c not in timed]:
        notes.append(f"Columns without a name, not read: {_listed(unnamed)}.")
    if ignored:
        notes.append(f"Columns that the profile ignores, not read: {_listed(map(quote, ignored))}.")
    if len(times) > 1:
        others = ", ".join(quote(head.names[c]) for group in times[1:] for c in group)
        notes.append(f"Times were taken from {quote(head.names[times[0][0]])}, not from {others}.")
    sources = [
        SeriesSource(column, times[0], tag=tag, quality=columns.qualities.get(tag))
        for tag, column in found.items()
    ]
    return TableLayout("wide", head.begin, sources, utc=_utc(head, times[0]), notes=notes)


def _unknown_note(unknown: list[str], names: PlantNames) -> str:
    texts = (
        quote(title) + (f" (did you mean {near}?)" if (near := names.nearest(title)) else "")
        for title in unknown
    )
    return f"Columns not known to the plant, not read: {_listed(texts)}."


def _listed(texts: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    rest = iter(texts)
    first = list(islice(rest, _SHOWN_UNKNOWN))
    more = sum(1 for _ in rest)
    return ", ".join(first) + (f" and {more} more" if more else "")


def _nothing_known(grid: CellGrid, head: TableHeader, names: PlantNames, unknown: list[str]) -> Refusal:
    if not any(head.names):
        return Refusal(
            "no_header",
            "no row of column names above the data",
            place=grid.place() or None,
            expected="a header row with timestamp and the tags' names",
        )
    found = _unknown_note(unknown, names) if unknown else "No tag columns."
    return Refusal(
        "no_known_tag",
        f"no column is a tag of this plant. {found.rstrip('.')}",
        place=grid.place(max(head.begin - 1, 0) if grid.names is None else None) or None,
        expected="at least one tag of the profile as a column, in a tag column, or in the file's name",
    )
