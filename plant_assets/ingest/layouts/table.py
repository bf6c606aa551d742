"""What a table says of itself: its header, what each column holds, its series of values.

Belongs here: the shapes alone. Doesn't belong here: finding them (`recognise.py`), what a plant calls its series
(`matching.py`).
"""

from dataclasses import dataclass
from typing import Literal

from plant_assets.profile.tag import Role

TableKind = Literal["wide", "long", "per_tag", "periods"]
ColumnRole = Literal["time", "value", "quality", "tag", "unit", "start", "end", "reason", "label", "unknown"]
TimeColumns = tuple[int, ...]
"""One column of times, or one of dates and one of clock times, or one each of years, months, days and parts of the clock; then one of zones, where there is one."""
Times = tuple[TimeColumns, ...]


@dataclass(slots=True)
class TableHeader:
    """A grid's header as found.

    Attributes:
        names: header text of every column, empty where none.
        above: header texts and those above them, per column.
        begin: first row of data.
        row: of the header, None without one.
        filled: columns that hold anything below the header.
        dated: columns whose first cells look like times.
        dates: those of them without a clock.
        clocks: columns whose first cells are clock times alone.
        zones: columns whose first cells are offsets from UTC or zones alone.
        millis: columns of a time's milliseconds.
        zone: of times that tell none, as a line above the data says; empty where none does.
    """

    names: list[str]
    above: list[list[str]]
    begin: int
    filled: list[int]
    dated: set[int]
    dates: set[int]
    clocks: set[int]
    zones: set[int]
    millis: set[int]
    row: int | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column with a name, or with anything below the header.

    Attributes:
        index: in the grid.
        title: its header, empty where none.
        role: what it holds; of `label` and `unknown` nothing is read.
        why: of these two, in a word or two: text, row number, no name …
    """

    index: int
    title: str
    role: ColumnRole
    why: str = ""


@dataclass(frozen=True, slots=True)
class TableSeries:
    """One series of values.

    Attributes:
        title: what the table calls it, without its unit; the sheet or the file where no header does.
        unit: empty where the table tells none.
        spellings: texts that stand for it, as they are written.
        value: its column.
        times: the columns of its times.
        qualities: columns that grade its values; the worst counts.
        headers: all texts that stand above its columns; of a long table the text in the column of tags.
        owner: the sheet or file that it is called after, empty where a header names it.
        role: its part in a control loop, where the layout tells one.
        why: in a word why it is no tag's (text), empty where it may be one's.
    """

    title: str
    unit: str
    spellings: tuple[str, ...]
    value: int
    times: TimeColumns
    qualities: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    owner: str = ""
    role: Role | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecognisedTable:
    """What a grid is.

    Attributes:
        kind: a column a series (wide), a column of tags (long), times for each series (per_tag), or an operator log.
        header: where its data begin.
        times: all groups of time columns; a wide or long table is read by the first.
        columns: in their order.
        series: of values, none of an operator log.
        zone: what the header says of its times' zone: an offset, a zone's name or abbreviation, or nothing.
        intervals: whether each row is of an interval, whose start is its time.
    """

    kind: TableKind
    header: TableHeader
    times: Times
    columns: tuple[TableColumn, ...]
    series: tuple[TableSeries, ...] = ()
    zone: str = ""
    intervals: bool = False

    def column_of(self, role: ColumnRole) -> int | None:
        """The first column of a role."""
        return next((column.index for column in self.columns if column.role == role), None)
