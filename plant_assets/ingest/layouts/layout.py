"""Which cells of a grid hold what: its header, and the layout that says where times, tags and values are.

Belongs here: the shapes alone. Doesn't belong here: finding them (`recognise.py`, `pairs.py`), reading cells (`extract.py`).
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Where one series of values is: a value column, its time column(s), and its tag (or tag column)."""

    value: int
    times: tuple[int, ...]
    tag: str | None = None
    tag_column: int | None = None
    quality: int | None = None


@dataclass(slots=True)
class TableLayout:
    """How to read a grid; data begin at row `begin` (from 0)."""

    kind: Literal["wide", "long", "per_tag", "periods"]
    begin: int
    sources: list[SeriesSource] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    utc: bool = False
    notes: list[str] = field(default_factory=list)


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
    """

    names: list[str]
    above: list[list[str]]
    begin: int
    filled: list[int]
    dated: set[int]
    dates: set[int]
    clocks: set[int]
    row: int | None = None
