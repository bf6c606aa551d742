"""Finds the series that a file holds, without knowing a plant: each with its title, unit and part in a loop.

Belongs here: which cells name a series, by the layouts that ingest reads. Doesn't belong here: reading values, which
ingest does once the series have names (`series.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import polars as pl

from plant_assets.draft.columns import why_ignored
from plant_assets.draft.controllers import LoopPart, loops
from plant_assets.draft.titles import is_unit, split_unit, tidy_unit, valid_name
from plant_assets.ingest.decode.cells import CellGrid, DecodedFile
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.layouts.layout import TableHeader
from plant_assets.ingest.layouts.names import (
    END_WORDS,
    QUALITY_WORDS,
    ROLE_WORDS,
    START_WORDS,
    TAG_WORDS,
    TIME_WORDS,
    VALUE_WORDS,
    PlantNames,
    plain_name,
)
from plant_assets.ingest.layouts.pairs import ROLE_OF_START, ROLES, own_times, value_pairs
from plant_assets.ingest.layouts.recognise import check_width, find_head, first_of, time_columns
from plant_assets.profile.tag import Role

_UNIT_WORDS = frozenset({"unit", "units", "uom", "eu", "einheit", "engineering_unit", "engunits"})
_GENERIC = re.compile(r"(sheet|tabelle|feuil|hoja|foglio|blad|data|daten|export|values?|trend)_?\d*")
_NO_NAMES = PlantNames(None)
_LOOK = 40


@dataclass(slots=True)
class ExportSeries:
    """One column of values as an export tells it.

    Attributes:
        title: what the export calls it, without its unit.
        unit: empty where the export tells none.
        spellings: headers, sheet or file names that stand for it; the profile's aliases.
        loop: its part in a control loop, where the layout tells one.
    """

    title: str
    unit: str = ""
    spellings: tuple[str, ...] = ()
    loop: LoopPart | None = None


@dataclass(slots=True)
class Discovery:
    """What a file holds.

    Attributes:
        series: by title, in the order of the file.
        ignored: headers that are no tags, and why.
        unnamed: columns without a header that hold something, by their place, and why they are no tags.
        periods: whether it is an operator log.
        timed: whether any table of it has times.
        assets: a column of few texts or numbers that may name the asset of each row.
    """

    series: list[ExportSeries] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, str] = field(default_factory=dict)
    periods: bool = False
    timed: bool = False
    assets: str = ""


def discover(decoded: DecodedFile, stem: str) -> Discovery:
    """The series of a file.

    Args:
        decoded: its grids.
        stem: its name without extension, which per-tag exports take their tag from.

    Raises:
        Refusal: a header that doesn't fit the rows below it.
    """
    found = Discovery()
    for grid in decoded.grids:
        _look_at(grid, stem, found)
    return found


def _look_at(grid: CellGrid, stem: str, found: Discovery) -> None:
    head = _headed(grid, find_head(grid, _NO_NAMES))
    check_width(grid, head)
    words = {column: plain_name(name) for column, name in enumerate(head.names)}
    if first_of(words, START_WORDS) is not None and first_of(words, END_WORDS) is not None:
        found.periods = True
        return
    times = time_columns(head, words)
    found.timed |= bool(times)
    if not times:
        return
    found.ignored |= dict.fromkeys(grid.nested, "nested values")
    tag, value = first_of(words, TAG_WORDS), first_of(words, VALUE_WORDS)
    if tag is not None and value is not None:
        found.series += _long(grid, head, tag, words)
        return
    pairs = value_pairs(head, times)
    if len(times) > 1 and len(pairs) == len(times) and own_times(head, pairs, _NO_NAMES):
        found.series += _per_tag(grid, head, [(p[0], p[1]) for p in pairs], stem)
        return
    _wide(grid, head, times, stem, found)


def _headed(grid: CellGrid, head: TableHeader) -> TableHeader:
    """A header without any word that ingest knows: the fullest row of texts above the first time."""
    if any(head.names) or grid.names is not None:
        return head
    rows = [["" if c is None else str(c).strip() for c in row] for row in grid.frame.head(_LOOK).rows()]
    first = next((i for i, row in enumerate(rows) if any(looks_like_time(c) for c in row)), 0)
    texts = [sum(bool(c) and not is_unit(c) for c in row) for row in rows[:first]]
    if not any(texts):
        return head
    best = texts.index(max(texts))
    return replace(head, names=rows[best], above=[[c] if c else [] for c in rows[best]], row=best)


def _long(grid: CellGrid, head: TableHeader, tag: int, words: dict[int, str]) -> Iterator[ExportSeries]:
    body = grid.frame.slice(head.begin)
    unit = first_of(words, _UNIT_WORDS)
    titles = body[str(tag)].cast(pl.String).drop_nulls().unique(maintain_order=True)
    units: dict[str, str] = {}
    if unit is not None:
        pairs = body.select(pl.col(str(tag), str(unit)).cast(pl.String)).drop_nulls().unique(str(tag))
        units = dict(pairs.rows())
    for text in (t for t in titles.to_list() if t.strip()):
        yield _series(text, tidy_unit(units.get(text, "")))


def _per_tag(
    grid: CellGrid, head: TableHeader, pairs: list[tuple[int, tuple[int, ...]]], stem: str
) -> Iterator[ExportSeries]:
    owner = grid.sheet if grid.sheet and not _is_generic(grid.sheet) else stem
    roles = _roles(grid, head, pairs)
    for order, (value, times) in enumerate(pairs):
        titles = [t for column in (value, *times) for t in head.above[column]]
        own = next((t for t in titles if not _says_nothing(t)), None)
        if own is not None or len(pairs) == 1:
            yield _series(own or owner, _unit_row(grid, head, value))
            continue
        if "pv" in roles and (role := roles[order]) is not None:
            yield ExportSeries(f"{owner}.{role.upper()}", "", (), LoopPart(valid_name(owner), role))


def _roles(grid: CellGrid, head: TableHeader, pairs: list[tuple[int, tuple[int, ...]]]) -> list[Role | None]:
    """What each pair of a controller's export is: as its header says, else by its place."""
    found: list[Role | None] = []
    for order, (value, times) in enumerate(pairs):
        titles = [t for column in (value, *times) for t in head.above[column]]
        place = ROLE_OF_START.get(grid.first_column + min(value, *times))
        found.append(_role(titles) or place or (ROLES[order] if order < len(ROLES) else None))
    return found


def _wide(
    grid: CellGrid, head: TableHeader, times: list[tuple[int, ...]], stem: str, found: Discovery
) -> None:
    timed = {c for group in times for c in group}
    body = grid.frame.slice(head.begin)
    columns = [c for c, name in enumerate(head.names) if name and c not in timed]
    part_of = loops(head.names[c] for c in columns)
    known = {plain_name(head.names[c]) for c in columns} | {
        plain_name(loop.controller) for loop in part_of.values()
    }
    read: list[tuple[int, str]] = []
    qualities: dict[str, str] = {}
    for column in columns:
        title = head.names[column]
        owner, _, word = plain_name(title).rpartition("_")
        why = why_ignored(title, body[str(column)], known)
        if word in QUALITY_WORDS and (owner in known or not owner):
            if not owner:
                qualities.setdefault(title, why or "quality of no one tag")
            continue
        if why is None and column not in head.dated | head.clocks:
            read.append((column, title))
        else:
            found.ignored.setdefault(title, why or "another time")
        if not found.assets and _names_assets(title, body[str(column)], why):
            found.assets = title
    alone = len(read) == 1 and plain_name(read[0][1]) in VALUE_WORDS
    if not alone:
        found.ignored |= qualities
    for column in (c for c in head.filled if not head.names[c] and c not in timed):
        why = why_ignored("", body[str(column)], known) or "no name"
        if why != "empty":
            found.unnamed.setdefault(grid.place(column=column), why)
    for column, title in read:
        series = _series(stem if alone else title, _unit_row(grid, head, column))
        found.series.append(replace(series, spellings=(stem, title) if alone else series.spellings))


def _series(title: str, unit: str = "") -> ExportSeries:
    bare, told = split_unit(title)
    return ExportSeries(bare, told or unit, (title.strip(),))


def _unit_row(grid: CellGrid, head: TableHeader, column: int) -> str:
    """A unit that stands between a column's header and its data."""
    if grid.names is not None:
        return ""
    cells = grid.frame[str(column)].head(head.begin).cast(pl.String).drop_nulls().to_list()
    below = [c.strip().strip("[]()") for c in cells if c.strip() != head.names[column]]
    return next((tidy_unit(c) for c in reversed(below) if is_unit(c)), "")


def _names_assets(title: str, cells: pl.Series, why: str | None) -> bool:
    if why not in ("text", None) or not 1 < cells.n_unique() <= max(cells.len() // 20, 2):
        return False
    return why == "text" or bool(re.search(r"(?i)(asset|unit|machine|server|device|engine|run|batch|cycle)(_?(id|no|nr))?$", title))  # fmt: skip


def _role(titles: list[str]) -> Role | None:
    for title in titles:
        for role, pattern in ROLE_WORDS.items():
            if pattern.search(plain_name(title).replace("_", " ")):
                return role
    return None


def _says_nothing(title: str) -> bool:
    word = plain_name(title)
    return word in VALUE_WORDS | TIME_WORDS | QUALITY_WORDS or bool(_role([title])) or is_unit(title)


def _is_generic(sheet: str) -> bool:
    return bool(_GENERIC.fullmatch(plain_name(PurePath(sheet).name)))
