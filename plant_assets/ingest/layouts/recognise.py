"""Recognises what a grid is: wide, long, a per-tag export, or an operator log; and what each of its columns holds.

Belongs here: the order in which kinds of tables are tried. Doesn't belong here: headers (`header.py`), what a column is by
itself (`columns.py`), what a plant calls the series (`matching.py`), reading them (`extract.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.numbers import looks_numeric
from plant_assets.ingest.layouts.columns import TableColumns
from plant_assets.ingest.layouts.header import check_width, find_header, time_columns, told_zone
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.operator_log import find_periods, holds_values
from plant_assets.ingest.layouts.pairs import Pair, own_times, paired_series, value_pairs
from plant_assets.ingest.layouts.table import (
    ColumnRole,
    RecognisedTable,
    TableHeader,
    TableKind,
    TableSeries,
    TimeColumns,
    Times,
)
from plant_assets.ingest.layouts.units import split_unit, tidy_unit
from plant_assets.ingest.layouts.words import (
    MAYBE_TAG_WORDS,
    STATE_WORDS,
    TAG_WORDS,
    UNIT_WORDS,
    VALUE_WORDS,
    first_of,
    is_system_tag,
    plain_name,
    plain_word,
    without_value_word,
)

_SAMPLE = 200
"""Values of a tag that tell whether it is one of texts."""


def recognise_table(grid: CellGrid, names: PlantNames, stem: str) -> RecognisedTable:
    """What a grid is, told by its cells; a plant's names help where there is a plant.

    Args:
        grid: one table or sheet.
        names: columns that the plant knows are series whatever they hold, and their names tell a header.
        stem: file name without extension; a series without a name in the table is called after the sheet, or after it.

    Returns:
        where there are no times, a wide table whose series have none.

    Raises:
        Refusal: a header that doesn't fit the rows below it.
    """
    header = find_header(grid, names)
    check_width(grid, header)
    header.names = [names.title(name) for name in header.names]
    log = find_periods(grid, header)
    times = time_columns(header)
    if log is not None:
        if not holds_values(grid, header, log, names):
            return log
        times = _beside(times, log)
    columns = TableColumns(grid, header, times, names)
    if not times:
        series = _wide(columns, ())
        return RecognisedTable("wide", header, (), columns.describe(_roles(series)), series)
    if roles := _long_roles(header, columns, times):
        kind, found = "long", _tags(grid.frame.slice(header.begin), roles, times[0])
    else:
        kind, found = _wide_or_per_tag(grid, header, columns, times, stem)
        roles = _roles(found)
    zone = told_zone(header, times[0])
    intervals = log is not None and times[0] == log.times[0]
    if log is not None and intervals:
        roles |= {column: "end" for column in log.times[1] if column not in roles}
    return RecognisedTable(kind, header, times, columns.describe(roles), found, zone, intervals)


def _long_roles(header: TableHeader, columns: TableColumns, times: Times) -> dict[int, ColumnRole]:
    """The columns of a table of a row a value; empty where it is none."""
    timed = {column for group in times for column in group}
    words = {c: plain_word(name) for c, name in enumerate(header.names) if c not in timed}
    tag = first_of(words, TAG_WORDS)
    value = first_of(words, VALUE_WORDS)
    if value is None:
        value = first_of(words, STATE_WORDS)
    if tag is None:
        tag = first_of({c: word for c, word in words.items() if columns.why(c) == "text"}, MAYBE_TAG_WORDS)
    if tag is None or value is None:
        return {}
    roles: dict[int, ColumnRole] = {tag: "tag", value: "value"}
    roles |= {c: "quality" for c in columns.others if c not in roles and columns.is_quality(c)}
    if (unit := first_of(words, UNIT_WORDS)) is not None:
        roles[unit] = "unit"
    return roles


def _beside(times: Times, log: RecognisedTable) -> Times:
    """Times of a table whose rows also have a start and an end: a time of their own, else the start."""
    own = tuple(group for group in times if group not in log.times)
    return own or (log.times[0],)


def _roles(series: Sequence[TableSeries]) -> dict[int, ColumnRole]:
    roles: dict[int, ColumnRole] = {}
    for one in series:
        roles[one.value] = "value"
        roles |= dict.fromkeys(one.qualities, "quality")
    return roles


def _wide_or_per_tag(
    grid: CellGrid, header: TableHeader, columns: TableColumns, times: Times, stem: str
) -> tuple[TableKind, tuple[TableSeries, ...]]:
    pairs = value_pairs(header, times)
    if len(times) == 1 or len(pairs) < len(times) or not own_times(columns, pairs):
        series = _wide(columns, times[0])
        if len(series) > 1 or any(columns.knows(one.value) for one in series):
            return "wide", series
        if series:
            pairs = [(one.value, one.times, one.qualities) for one in series]
        elif len(times) > 1 or not pairs or not _is_alone(columns, pairs[0]):
            return "wide", ()
    return "per_tag", paired_series(grid, header, columns, pairs, stem)


def _is_alone(columns: TableColumns, pair: Pair) -> bool:
    """Whether a plant may have dropped a file of one tag whose column has no name, or holds no number."""
    rest = [c for c in columns.others if c not in (pair[0], *pair[2])]
    unread = all(columns.why(c) or not columns.is_filled(c) for c in rest)
    return columns.plant and unread and not columns.is_quality(pair[0])


def _wide(columns: TableColumns, times: TimeColumns) -> tuple[TableSeries, ...]:
    """A series a column."""
    found = [c for c in columns.others if columns.is_series(c)]
    qualities = _qualities(columns, found)
    titles = {c: split_unit(columns.title(c)) for c in found}
    often = Counter(plain_name(bare) for bare, _ in titles.values())
    series = []
    for column in found:
        title, (bare, unit) = columns.title(column), titles[column]
        unit = unit or columns.unit(column)
        # Two that differ by their unit alone are two tags: the unit is part of their names.
        name = f"{bare} {unit}" if often[plain_name(bare)] > 1 and titles[column][1] else bare
        own = tuple(qualities.get(column, ()))
        series.append(TableSeries(name, unit, (title.strip(),), column, times, own, (title,)))
    return tuple(series)


def _qualities(columns: TableColumns, found: Sequence[int]) -> dict[int, list[int]]:
    """The columns of qualities of each series: by their titles; else of the series before; a single one is of all."""
    by_key = {columns.key(columns.title(c)): c for c in found}
    by_key = {without_value_word(plain_name(columns.title(c))): c for c in found} | by_key
    owned: dict[int, list[int]] = defaultdict(list)
    untold: dict[int, list[int]] = defaultdict(list)
    before = -1
    for column in columns.others:
        if column in found:
            before = column
        elif columns.is_quality(column):
            owner = columns.owner_of(column)
            if not owner:
                untold[before].append(column)
            elif owner in by_key:
                owned[by_key[owner]].append(column)
        elif columns.is_filled(column):
            before = -1
    # A plant's tag is never read without qualities that may be its own; a draft asks which of two columns has them.
    rivals = not columns.plant and any(not (columns.title(c) or columns.why(c)) for c in columns.others)
    if len(untold) == 1 and not rivals:
        everywhere = next(iter(untold.values()))
        untold = {column: everywhere for column in found if column not in owned}
    for column, qualities in untold.items():
        if column in found and not (rivals and len(untold) == 1):
            owned[column] += qualities
    return owned


def _tags(body: pl.DataFrame, roles: Mapping[int, ColumnRole], times: TimeColumns) -> tuple[TableSeries, ...]:
    """A series a text in the column of tags, in the order of the rows."""
    columns = {role: column for column, role in roles.items()}
    where = (columns["value"], times, tuple(c for c, role in roles.items() if role == "quality"))
    tags = body[str(columns["tag"])].cast(pl.String)
    units: dict[str, str] = {}
    if "unit" in columns:
        told = body[str(columns["unit"])].cast(pl.String)
        pairs = pl.DataFrame([tags.alias("tag"), told.alias("unit")])
        units = dict(pairs.drop_nulls().unique("tag", keep="first").rows())
    texts = _texts_of_tags(tags, body[str(where[0])])
    series = []
    for text in tags.drop_nulls().unique(maintain_order=True):
        bare, told = split_unit(text)
        if bare and not is_system_tag(bare):
            told = told or tidy_unit(units.get(text, ""))
            why = "text" if text in texts else ""
            series.append(TableSeries(bare, told, (text.strip(),), *where, (text,), why=why))
    return tuple(series)


def _texts_of_tags(tags: pl.Series, values: pl.Series) -> set[str]:
    """Tags whose values are texts, such as OPEN and CLOSED."""
    if values.dtype != pl.String:
        return set()
    frame = pl.DataFrame({"tag": tags, "value": values}).drop_nulls()
    first = frame.group_by("tag", maintain_order=True).agg(pl.col("value").head(_SAMPLE))
    return {tag for tag, cells in first.iter_rows() if not looks_numeric(pl.Series(cells, dtype=pl.String))}
