"""Finds a plant's tags behind the series of a table, and says what of the table is not read.

Belongs here: names and notes. Doesn't belong here: what the table is (`recognise.py`), reading its cells (`extract.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.recognise import recognise_table
from plant_assets.ingest.layouts.table import RecognisedTable, TableSeries, TimeColumns
from plant_assets.ingest.layouts.words import is_system_tag, plain_name

_NAMED = 12


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Where values of a plant are: a value column, its time columns, and its tag, or the column that names the tags.

    Attributes:
        tags: text in `tag_column` → tag; None for those that the plant doesn't know.
    """

    value: int
    times: TimeColumns
    qualities: tuple[int, ...] = ()
    tag: str | None = None
    tag_column: int | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class TableLayout:
    """How to read a table as a plant's.

    Attributes:
        sources: of values, none of an operator log.
        notes: for people.
        unread: titles of columns and tags that the plant doesn't know.
        labels: titles of columns of labels that aren't read.
        label_columns: those that the profile says are labels; their abnormal rows are periods.
    """

    table: RecognisedTable
    sources: list[SeriesSource] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    label_columns: list[int] = field(default_factory=list)


def lay_out(grid: CellGrid, names: PlantNames, stem: str) -> TableLayout:
    """How to read a grid as one of a plant.

    Args:
        grid: one table or sheet.
        names: the plant's.
        stem: file name without extension; per-tag exports take their tag from it or from the sheet.

    Raises:
        Refusal: nothing that can be read, with the names found and the nearest known ones.
    """
    table = recognise_table(grid, names, stem)
    if not table.header.filled and any(table.header.names):
        raise Refusal(
            "no_values",
            "column names, and no row of data below them",
            place=grid.place() or None,
            expected="at least one row with a time and a value",
        )
    match table.kind:
        case "periods":
            return TableLayout(table)
        case "long":
            layout = _long(grid, table, names)
        case "per_tag":
            layout = _per_tag(grid, table, names, stem)
        case "wide":
            layout = _wide(grid, table, names)
    layout.unread += _unread(table, names)[0]
    for column in (c for c in table.columns if c.role == "label"):
        if names.is_label(column.title):
            layout.label_columns.append(column.index)
        else:
            layout.labels.append(column.title)
    layout.notes += _notes(grid, layout, names)
    return layout


def _long(grid: CellGrid, table: RecognisedTable, names: PlantNames) -> TableLayout:
    """Unknown tags are noted with the nearest known name."""
    column = table.column_of("tag")
    assert column is not None
    tags = {series.headers[0]: names.column(series.headers[0]) for series in table.series}
    unknown = sorted(name for name, tag in tags.items() if tag is None)
    title = "" if grid.names else table.header.names[column]
    if tags and len(unknown) == len(tags):
        raise Refusal(
            "no_known_tag",
            f"none of the {len(unknown)} tags is one of this plant, such as {_suggest(unknown[0], names)}",
            place=grid.place(table.header.begin, column, title),
            expected="tags of the profile",
        )
    _check_apart(grid, column, title, tags)
    unread = [name for name in unknown if not (names.ignores(name) or is_system_tag(name))]
    listed = _listing(_suggest(name, names) for name in unread)
    notes = [f"Tags not known to the plant, not read: {listed}."] if unread else []
    value = table.column_of("value")
    assert value is not None
    qualities = table.series[0].qualities if table.series else ()
    source = SeriesSource(value, table.times[0], qualities, tag_column=column, tags=tags)
    return TableLayout(table, [source], notes, unread)


def _check_apart(grid: CellGrid, column: int, title: str, tags: Mapping[str, str | None]) -> None:
    """Refuse names that mean one tag, unless they differ in case and blanks alone."""
    names: dict[str, str] = {}
    for name, tag in tags.items():
        if tag is None:
            continue
        first = names.setdefault(tag, name)
        if first.strip().casefold() != name.strip().casefold():
            raise Refusal(
                "duplicate_column",
                f"{quote(first)} and {quote(name)} both mean {tag}",
                place=grid.place(column=column, name=title),
                expected="one name a tag; aliases in the profile that are written just like each name tell them apart",
            )


def _per_tag(grid: CellGrid, table: RecognisedTable, names: PlantNames, stem: str) -> TableLayout:
    owner = (names.find_in(grid.sheet) if grid.sheet else None) or names.find_in(stem)
    tags: list[str] = []
    for series in table.series:
        if (tag := _tag_of(series, names, owner, alone=len(table.series) == 1)) is None:
            raise _untold(grid, table, series, stem)
        tags.append(tag)
    if doubled := next((tag for tag in tags if tags.count(tag) > 1), None):
        raise Refusal(
            "duplicate_column",
            f"two pairs of columns both mean {doubled}",
            place=grid.place() or None,
            expected="one pair of value and timestamp a tag, headed PV, OP and SP for a controller",
        )
    return TableLayout(table, [_source(one, tag) for one, tag in zip(table.series, tags, strict=True)])


def _tag_of(series: TableSeries, names: PlantNames, owner: str | None, *, alone: bool) -> str | None:
    if known := next(filter(None, map(names.column, series.headers)), None):
        return known
    above = (names.controllers.get(plain_name(text)) for text in series.headers)
    controller = next(filter(None, above), owner if owner in names.controllers.values() else None)
    if controller is None:
        return owner if alone else None
    return names.role(controller, series.role) if series.role else None


def _wide(grid: CellGrid, table: RecognisedTable, names: PlantNames) -> TableLayout:
    titles = table.header.names
    found: dict[str, TableSeries] = {}
    for series in table.series:
        if (tag := names.column(titles[series.value])) is None:
            continue
        if tag in found:
            raise Refusal(
                "duplicate_column",
                f"{quote(titles[found[tag].value])} and {quote(titles[series.value])} both mean {tag}",
                place=grid.place(column=series.value, name=titles[series.value]),
                expected="one column a tag",
            )
        found[tag] = series
    if not found:
        raise _nothing_known(grid, table, names)
    if not table.times and not names.paced:
        raise Refusal(
            "no_time_column",
            f"tags such as {next(iter(found))}, but no column of times",
            place=grid.place() or None,
            expected="a column named timestamp, or reading.step in the profile",
        )
    return TableLayout(table, [_source(series, tag) for tag, series in found.items()])


def _source(series: TableSeries, tag: str) -> SeriesSource:
    return SeriesSource(series.value, series.times, series.qualities, tag)


def _notes(grid: CellGrid, layout: TableLayout, names: PlantNames) -> list[str]:
    """What of a table is not read: unknown, unnamed and ignored columns, labels, and further times."""
    table = layout.table
    unknown, ignored = _unread(table, names)
    notes = [_unknown_note(unknown, names)] if unknown else []
    if layout.labels:
        labels = _listing(map(quote, layout.labels))
        notes.append(f"Columns of labels, not read: {labels}; reading.columns in the profile has them read.")
    nameless = [
        grid.place(column=c.index)
        for c in table.columns
        if not c.title and c.role in ("unknown", "label") and c.index in table.header.filled
    ]
    if nameless:
        notes.append(f"Columns without a name, not read: {_listing(nameless)}.")
    if ignored:
        notes.append(f"Columns that the profile ignores, not read: {_listing(map(quote, ignored))}.")
    if table.kind == "wide" and len(table.times) > 1:
        first, *others = (
            quote(table.header.names[c]) for c in (t for group in table.times for t in group[:1])
        )
        notes.append(f"Times were taken from {first}, not from {', '.join(others)}.")
    return notes


def _unread(table: RecognisedTable, names: PlantNames) -> tuple[list[str], list[str]]:
    """Titles of the columns that the plant doesn't know, and of those that its profile ignores."""
    read = {
        one.value
        for one in table.series
        if table.kind == "per_tag" or names.column(table.header.names[one.value])
    }
    rest = [
        c.title
        for c in table.columns
        if c.title
        and c.index not in read
        and (c.role == "unknown" or (c.role == "value" and table.kind != "long"))
    ]
    return [t for t in rest if not names.ignores(t)], [t for t in rest if names.ignores(t)]


def _unknown_note(unknown: list[str], names: PlantNames) -> str:
    return (
        f"Columns not known to the plant, not read: {_listing(_suggest(title, names) for title in unknown)}."
    )


def _suggest(name: str, names: PlantNames) -> str:
    nearest = names.nearest(name)
    return quote(name) + (f" (did you mean {nearest}?)" if nearest else "")


def _listing(texts: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    rest = iter(texts)
    first = list(islice(rest, _NAMED))
    more = sum(1 for _ in rest)
    return ", ".join(first) + (f" and {more} more" if more else "")


def _nothing_known(grid: CellGrid, table: RecognisedTable, names: PlantNames) -> Refusal:
    header = table.header
    if not any(header.names):
        return Refusal(
            "no_header",
            "no row of column names above the data",
            place=grid.place() or None,
            expected="a header row with timestamp and the tags' names, or reading.names in the profile",
        )
    unknown, _ = _unread(table, names)
    found = _unknown_note(unknown, names) if unknown else "No tag columns."
    return Refusal(
        "no_known_tag",
        f"no column is a tag of this plant. {found.rstrip('.')}",
        place=grid.place(max(header.begin - 1, 0) if grid.names is None else None) or None,
        expected="at least one tag of the profile as a column, in a tag column, or in the file's name",
    )


def _untold(grid: CellGrid, table: RecognisedTable, series: TableSeries, stem: str) -> Refusal:
    title = table.header.names[series.value]
    return Refusal(
        "no_known_tag",
        f"which tag this column holds can't be told from its header {quote(title)}, "
        f"the sheet {quote(grid.sheet)} or the file name {quote(stem)}",
        place=grid.place(column=series.value, name=title),
        expected="a tag or controller of the plant in the file or sheet name, or in the header",
    )
