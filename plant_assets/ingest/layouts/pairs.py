"""Per-tag exports: each series with its own times, called by its header, or after the sheet or the file.

A simple tag has a value and a timestamp column; a controller has PV, OP and SP, usually in columns A/B, E/F and I/J. Which
of the two columns holds the times is told by their content.
"""

import re
from itertools import count, takewhile
from pathlib import PurePath

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.layouts.columns import TableColumns
from plant_assets.ingest.layouts.table import TableHeader, TableSeries, TimeColumns, Times
from plant_assets.ingest.layouts.units import is_unit, split_unit
from plant_assets.ingest.layouts.words import (
    QUALITY_WORDS,
    ROLE_WORDS,
    TIME_WORDS,
    VALUE_WORDS,
    plain_name,
    plain_word,
)
from plant_assets.profile.tag import Role

_ROLE_OF_START: dict[int, Role] = {0: "pv", 4: "op", 8: "sp"}
_ROLES: tuple[Role, ...] = ("pv", "op", "sp")
_GENERIC = re.compile(r"(sheet|tabelle|feuil|hoja|foglio|blad|data|daten|export|values?|trend)_?\d*")

Pair = tuple[int, TimeColumns, tuple[int, ...]]
"""Value column, time columns, columns of qualities."""


def value_pairs(header: TableHeader, times: Times) -> list[Pair]:
    """Each group of times with the value column beside it."""
    taken = {c for group in times for c in group}
    qualities = {c for c in header.filled if plain_word(header.names[c]) in QUALITY_WORDS}
    pairs: list[Pair] = []
    for group in times:
        beside = (min(group) - 1, max(group) + 1)
        free = set(header.filled) - taken - qualities
        if (value := next((c for c in beside if c in free), None)) is not None:
            taken.add(value)
            after = takewhile(qualities.__contains__, count(max(value, *group) + 1))
            pairs.append((value, group, tuple(after)))
    return pairs


def own_times(columns: TableColumns, pairs: list[Pair]) -> bool:
    """Whether each series has its own times, and not all share the first of several time columns."""
    cells = [c for c in columns.others if columns.is_filled(c) and not columns.is_quality(c)]
    series = {c for c in cells if (columns.knows(c) if columns.plant else columns.is_series(c))}
    return len(cells) == len(pairs) or series <= {pair[0] for pair in pairs}


def paired_series(
    grid: CellGrid, header: TableHeader, columns: TableColumns, pairs: list[Pair], stem: str
) -> tuple[TableSeries, ...]:
    """The series of pairs of columns, by what their headers say, else after the sheet or the file."""
    generic = _GENERIC.fullmatch(plain_name(PurePath(grid.sheet).name)) is not None
    owner = stem if generic or not grid.sheet else grid.sheet
    alone = len(pairs) == 1
    series = []
    for order, (value, times, qualities) in enumerate(pairs):
        headers = tuple(text for column in (value, *times) for text in header.above[column])
        role = _role_of(headers) or _role_at(grid.first_column + min(value, *times), order, len(pairs))
        own = _own_title(header.names[value], headers, alone=alone)
        if own or alone:
            title, unit = split_unit(own or owner)
            spellings = (own,) if own else (owner, header.names[value])
        else:
            title, unit, spellings = f"{owner}.{role.upper()}" if role else owner, "", ()
        unit = unit or columns.unit(value)
        spellings = tuple(text.strip() for text in spellings if text)
        where = (value, times, qualities)
        series.append(TableSeries(title, unit, spellings, *where, headers, "" if own else owner, role))
    return tuple(series)


def _role_at(start: int, order: int, count: int) -> Role | None:
    """The part in a control loop that the place of a pair tells."""
    if count < len(_ROLES) and start in _ROLE_OF_START:
        return _ROLE_OF_START[start]
    return _ROLES[order] if order < len(_ROLES) else None


def _own_title(title: str, headers: tuple[str, ...], *, alone: bool) -> str:
    """The header that names a series; beside others, words that they share name none."""
    if alone:
        return "" if plain_word(title) in VALUE_WORDS else title
    return next((text for text in headers if not _says_nothing(text)), "")


def _says_nothing(title: str) -> bool:
    shared = plain_word(title) in VALUE_WORDS | TIME_WORDS | QUALITY_WORDS
    return shared or _role_of((title,)) is not None or is_unit(title)


def _role_of(titles: tuple[str, ...]) -> Role | None:
    """The part in a control loop that the first of the titles tells."""
    for title in titles:
        for role, pattern in ROLE_WORDS.items():
            if pattern.search(plain_name(title).replace("_", " ")):
                return role
    return None
