"""The rows of a plant that scores and people look back to.

Belongs here: what becomes of rows that late records can't correct any more. Doesn't belong here: rows that they can
(`StreamGrid`).
"""

import numpy as np

from plant_assets.features.arrays import Floats
from plant_assets.ingest.grid.stream import StreamGrid, StreamRow
from plant_assets.profile.model import PlantProfile


class RowHistory:
    """The newest rows: as they are now where late records may correct them, and as they were last where none can.

    A row that may be corrected takes some ten times the memory of one that can't: its records and states are kept.

    Args:
        profile: of the plant.
        corrected: number of newest rows that late records may change.
        rows: number of newest rows altogether, at least `corrected`.
    """

    def __init__(self, profile: PlantProfile, corrected: int, rows: int) -> None:
        self.grid = StreamGrid(profile, corrected)
        self._corrected, self._rows = corrected, rows
        columns, tags = profile.columns, profile.tag_names
        # A ring, by slot.
        self._values = np.empty((rows, len(columns)))
        self._flags = np.empty((rows, len(tags)), np.uint8)
        self._uncertain = np.empty((rows, len(columns)), np.bool_)
        self._first: int | None = None

    @property
    def newest_slot(self) -> int | None:
        """The row closed last; None before the first."""
        return self.grid.newest_slot

    @property
    def first_slot(self) -> int | None:
        """The oldest row that is kept; None before the first is closed."""
        newest = self.grid.newest_slot
        return None if newest is None or self._first is None else max(self._first, newest - self._rows + 1)

    def close(self, slot: int) -> StreamRow:
        """Complete the next row; see `StreamGrid.close`."""
        leaving, newest = self.grid.first_slot, self.grid.newest_slot
        if leaving is not None and newest is not None and newest - leaving + 1 == self._corrected:
            row, place = self.grid.row(leaving), leaving % self._rows
            self._values[place], self._flags[place] = row.values, row.flags
            self._uncertain[place] = self.grid.uncertain_values(self._corrected)[0]
        closed = self.grid.close(slot)
        self._first = slot if self._first is None else self._first
        return closed

    def row(self, slot: int) -> StreamRow:
        """A closed row.

        Raises:
            ValueError: not closed yet, or older than what is kept.
        """
        first, corrected = self.first_slot, self.grid.first_slot
        if first is None or corrected is None or not first <= slot < corrected:
            return self.grid.row(slot)
        step_us = self.grid.step_us
        place = slot % self._rows
        return StreamRow(slot, slot * step_us, self._values[place].copy(), self._flags[place].copy())

    def window(self, rows: int) -> Floats:
        """The values of at most so many newest rows, oldest first: (rows, columns)."""
        newer = self.grid.window(min(rows, self._corrected))
        older = self._older(rows)
        return np.concatenate([self._values[older], newer]) if older.size else newer

    def uncertain_values(self, rows: int) -> np.ndarray:
        """Which values of `window` are of uncertain quality: (rows, columns)."""
        newer = self.grid.uncertain_values(min(rows, self._corrected))
        older = self._older(rows)
        return np.concatenate([self._uncertain[older], newer]) if older.size else newer

    def _older(self, rows: int) -> np.ndarray:
        """Places of those of the newest rows that can't be corrected any more."""
        first, corrected, newest = self.first_slot, self.grid.first_slot, self.grid.newest_slot
        if first is None or corrected is None or newest is None:
            return np.arange(0)
        return np.arange(max(first, newest - rows + 1), corrected) % self._rows
