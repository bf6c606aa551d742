"""What each column of a table is, by its title and what it holds; each is looked at once.

Belongs here: questions about one column. Doesn't belong here: what columns are together (`recognise.py`).
"""

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.quality import is_quality
from plant_assets.ingest.layouts.label_column import is_label_column
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.table import ColumnRole, TableColumn, TableHeader, Times
from plant_assets.ingest.layouts.units import is_unit, tidy_unit
from plant_assets.ingest.layouts.unread import why_unread
from plant_assets.ingest.layouts.words import (
    LOOP_SUFFIXES,
    MAYBE_QUALITY_WORDS,
    QUALITY_WORDS,
    bare_name,
    plain_name,
    without_value_word,
)


class TableColumns:
    """The columns of a table beside its times.

    Args:
        grid, header: the table.
        times: its time columns; all others are looked at.
        names: what a plant calls its columns; one that it knows is a series of values whatever it holds.
    """

    def __init__(self, grid: CellGrid, header: TableHeader, times: Times, names: PlantNames) -> None:
        self.plant = names.plant
        self._grid, self._header, self._names = grid, header, names
        self._body = grid.frame.slice(header.begin)
        self._timed = {c for group in times for c in group}
        self.others = [
            c for c, name in enumerate(header.names) if c not in self._timed and (name or c in header.filled)
        ]
        titles = [header.names[c] for c in self.others]
        loops = [
            match[1] for t in titles for p in LOOP_SUFFIXES.values() if (match := p.fullmatch(bare_name(t)))
        ]
        self._plain = {plain_name(title) for title in (*titles, *loops)} - {""}
        self._owners = self._plain | {without_value_word(name) for name in self._plain}
        self._why: dict[int, str] = {}
        self._qualities: dict[int, tuple[str, str] | None] = {}

    def title(self, column: int) -> str:
        return self._header.names[column]

    def is_filled(self, column: int) -> bool:
        return column in self._header.filled

    def knows(self, column: int) -> bool:
        """Whether the plant has a name for a column."""
        return self._names.column(self.title(column)) is not None

    def is_quality(self, column: int) -> bool:
        """Whether a column holds qualities: of the table, or of the column that stands beside the word in its title."""
        if column not in self._qualities:
            title = self.title(column)
            beside = self.knows(column) or self._names.ignores(title)
            found = None if beside else self._quality_title(column)
            if found is not None and found[1] in MAYBE_QUALITY_WORDS:
                found = found if is_quality(self._body[str(column)], found[1]) else None
            self._qualities[column] = found
        return self._qualities[column] is not None

    def owner_of(self, column: int) -> str:
        """What the title of a column of qualities says that they are of; empty where it says nothing."""
        owner = (self._qualities.get(column) or ("", ""))[0]
        return owner and self.key(owner)

    def _quality_title(self, column: int) -> tuple[str, str] | None:
        """Whose qualities a title announces, and in which word."""
        parts = plain_name(self.title(column)).split("_")
        cuts = [("_".join(parts[:cut]), "_".join(parts[cut:])) for cut in range(len(parts))]
        for owner, word in (*cuts, *((word, owner) for owner, word in cuts[1:])):
            named = not owner or owner in self._owners or self._names.column(owner) is not None
            if named and word in QUALITY_WORDS | MAYBE_QUALITY_WORDS:
                return owner, word
        return None

    def key(self, title: str) -> str:
        """What different spellings of a column have in common."""
        return self._names.column(title) or plain_name(title)

    def is_series(self, column: int) -> bool:
        """Whether a column holds values that can be a series."""
        if self.knows(column):
            return True
        ignored = self._names.ignores(self.title(column)) or self.is_quality(column)
        return bool(self.title(column)) and not ignored and not self.why(column)

    def why(self, column: int) -> str:
        """Why a column is no series, by its title and what it holds; empty where it may be one."""
        if column not in self._why:
            cells = self._body[str(column)]
            why = why_unread(self.title(column), cells, self._plain) or ""
            if self._names.is_label(self.title(column)) or (why == "text" and is_label_column(cells)):
                why = "label"
            if not why and column in self._header.dated | self._header.clocks:
                why = "another time"
            self._why[column] = why
        return self._why[column]

    def unit(self, column: int) -> str:
        """A unit that stands between a column's header and its data."""
        if self._grid.names is not None:
            return ""
        cells = [str(c).strip() for c in self._grid.frame[str(column)].head(self._header.begin).drop_nulls()]
        below = [c.strip("[]()") for c in cells if c != self.title(column)]
        return next((tidy_unit(c) for c in reversed(below) if is_unit(c)), "")

    def describe(self, roles: dict[int, ColumnRole]) -> tuple[TableColumn, ...]:
        """All columns, in order; of those without a role it is told why nothing is read of them."""
        timed = {c: self._plainly(c, "time") for c in self._timed}
        return tuple(
            timed.get(c) or (self._plainly(c, roles[c]) if c in roles else self._unread(c))
            for c in sorted({*self._timed, *self.others})
        )

    def _plainly(self, column: int, role: ColumnRole) -> TableColumn:
        return TableColumn(column, self.title(column), role)

    def _unread(self, column: int) -> TableColumn:
        title, why = self.title(column), self.why(column)
        if title and self.is_quality(column):
            why = why or "quality of no one tag"
        role = "label" if why == "label" else "unknown"
        return TableColumn(column, title, role, why or ("no series of its own" if title else "no name"))
