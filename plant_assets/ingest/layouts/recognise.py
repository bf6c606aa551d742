"""Recognises what a grid is: wide, long, a per-tag export, or an operator log; and what each of its columns holds.

Belongs here: the order in which kinds of tables are tried. Doesn't belong here: headers (`header.py`), what a column is by
itself (`columns.py`), what a plant calls the series (`matching.py`), reading them (`extract.py`).
"""

from collections.abc import Sequence

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.layouts.columns import TableColumns
from plant_assets.ingest.layouts.header import check_width, find_header, says_utc, time_columns
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.operator_log import find_periods
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
    QUALITY_WORDS,
    TAG_WORDS,
    UNIT_WORDS,
    VALUE_WORDS,
    first_of,
    plain_name,
)


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
    if (log := find_periods(grid, header)) is not None:
        return log
    times = time_columns(header)
    columns = TableColumns(grid, header, times, names)
    if not times:
        series = _wide(columns, ())
        return RecognisedTable("wide", header, (), columns.describe(_roles(series)), series)
    words = {column: plain_name(name) for column, name in enumerate(header.names)}
    tag, value = first_of(words, TAG_WORDS), first_of(words, VALUE_WORDS)
    if tag is not None and value is not None:
        roles: dict[int, ColumnRole] = {tag: "tag", value: "value"}
        if (quality := first_of(words, QUALITY_WORDS)) is not None:
            roles[quality] = "quality"
        if (unit := first_of(words, UNIT_WORDS)) is not None:
            roles[unit] = "unit"
        found = _tags(grid.frame.slice(header.begin), tag, unit, (value, times[0], quality))
        return RecognisedTable(
            "long", header, times, columns.describe(roles), found, says_utc(header, times[0])
        )
    kind, series = _wide_or_per_tag(grid, header, columns, times, stem)
    return RecognisedTable(
        kind, header, times, columns.describe(_roles(series)), series, says_utc(header, times[0])
    )


def _roles(series: Sequence[TableSeries]) -> dict[int, ColumnRole]:
    roles: dict[int, ColumnRole] = {}
    for one in series:
        roles[one.value] = "value"
        if one.quality is not None:
            roles[one.quality] = "quality"
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
            pairs = [(one.value, one.times, one.quality) for one in series]
        elif len(times) > 1 or not pairs or not _is_alone(columns, pairs[0]):
            return "wide", ()
    return "per_tag", paired_series(grid, header, columns, pairs, stem)


def _is_alone(columns: TableColumns, pair: Pair) -> bool:
    """Whether a plant may have dropped a file of one tag whose column has no name, or holds no number."""
    rest = [c for c in columns.others if c not in (pair[0], pair[2])]
    unread = all(columns.why(c) or not columns.is_filled(c) for c in rest)
    return columns.plant and unread and not columns.is_quality(pair[0])


def _wide(columns: TableColumns, times: TimeColumns) -> tuple[TableSeries, ...]:
    """A series a column; qualities are of the column that their title names, or of the only one."""
    owners = {c: columns.owner_of(c) for c in columns.others if columns.is_quality(c)}
    qualities = {owner: c for c, owner in owners.items() if owner}
    found = [c for c in columns.others if columns.is_series(c)]
    # A plant's tag is never read without qualities that may be its own; a draft asks which of two columns has them.
    rivals = [] if columns.plant else [c for c in columns.others if not (columns.title(c) or columns.why(c))]
    only = next(iter(owners)) if len(found) == len(owners) == 1 and not rivals else None
    series = []
    for column in found:
        title = columns.title(column)
        bare, unit = split_unit(title)
        quality = qualities.get(columns.key(title), only)
        unit = unit or columns.unit(column)
        series.append(TableSeries(bare, unit, (title.strip(),), column, times, quality, (title,)))
    return tuple(series)


def _tags(body: pl.DataFrame, tag: int, unit: int | None, where: Pair) -> tuple[TableSeries, ...]:
    """A series a text in the column of tags, in the order of the rows."""
    tags = body[str(tag)].cast(pl.String)
    units: dict[str, str] = {}
    if unit is not None:
        pairs = pl.DataFrame([tags.alias("tag"), body[str(unit)].cast(pl.String).alias("unit")])
        units = dict(pairs.drop_nulls().unique("tag", keep="first").rows())
    series = []
    for text in tags.drop_nulls().unique(maintain_order=True):
        bare, told = split_unit(text)
        if bare:
            told = told or tidy_unit(units.get(text, ""))
            series.append(TableSeries(bare, told, (text.strip(),), *where, (text,)))
    return tuple(series)
