"""Turns records into rows as they come: row by row what `resample` gives on all of them at once.

Belongs here: which rows are complete, which records still change one, and the rows as they are now. Doesn't
belong here: when an interval is complete (the caller closes it), what a flag means (`quality.py`), provenance.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plant_assets.ingest.grid.quality import flag_arrays, flag_bits, flag_conditions
from plant_assets.ingest.grid.tag_records import ColumnRecords, TagRecords, TagState
from plant_assets.profile.model import PlantProfile

StreamRecord = tuple[str, int, float, bool]
"""Column of the profile, microseconds since 1970 (UTC), finite value, whether it is of uncertain quality."""
_STATE = np.dtype(
    [("time_us", "i8"), ("value", "f8"), ("uncertain", "?"), ("since_us", "i8"), ("row_uncertain", "?")]
)
"""A TagState."""
_DAWN = -(2**62)
"""A time before all records."""


class StreamRow(NamedTuple):
    """One complete interval.

    Attributes:
        slot: the interval's number since 1970.
        time_us: its beginning, in microseconds since 1970 (UTC).
        values: (columns,) in the order of `profile.columns`; NaN where missing.
        flags: (tags,) in the order of `profile.tag_names`, bits of `quality`.
    """

    slot: int
    time_us: int
    values: NDArray[np.float64]
    flags: NDArray[np.uint8]


class StreamGrid:
    """The newest rows of a plant, from records in any order.

    A record of a closed row that is still kept corrects it, and the rows after it that held its value or repeat
    it; `row` and `window` then give what `resample` gives on all records so far. Of older rows only the state
    that they leave is kept, so that held values, ages and frozen durations don't depend on how much is kept.
    Records before the first closed row count as they do in `resample`.

    Args:
        profile: names the columns, the interval and the limits.
        rows_kept: look-back: number of rows up to the newest closed one that late records may still change, and
            that `row` and `window` reach. Memory is proportional to it, and to the records in it and ahead of it.
    """

    def __init__(self, profile: PlantProfile, rows_kept: int) -> None:
        if rows_kept < 1:
            raise ValueError(f"rows_kept: expected at least 1, got {rows_kept}")
        self._rows_kept, self._tags = rows_kept, [TagRecords(tag) for tag in profile.tags]
        sampling, microsecond = profile.sampling, timedelta(microseconds=1)
        self._step = sampling.interval // microsecond
        self._hold_us = sampling.hold_limit // sampling.interval * self._step
        self._limits = flag_arrays(profile.tags, sampling)
        self._columns: dict[str, tuple[int, ColumnRecords]] = {}
        for number, (tag, records) in enumerate(zip(profile.tags, self._tags, strict=True)):
            self._columns |= {tag.name: (number, records.own)}
            self._columns |= {name: (number, part) for name, part in records.extremes.items()}
        names = profile.columns
        self._places = [[names.index(name) for name in (tag.name, *tag.extremes)] for tag in profile.tags]
        self._tag_of = np.array([self._columns[name][0] for name in names])
        # Rings, by slot; one row more than is kept has the state before the oldest.
        self._size = rows_kept + 1
        self._states = np.empty((self._size, len(self._tags)), _STATE)
        self._seen = np.full((self._size, len(names)), np.nan)
        self._late: dict[int, int] = {}
        self._first: int | None = None
        self._newest: int | None = None
        self._oldest_us = self._ahead_us = _DAWN

    @property
    def step_us(self) -> int:
        """The interval, in microseconds."""
        return self._step

    @property
    def newest_slot(self) -> int | None:
        """The row closed last; None before the first."""
        return self._newest

    @property
    def first_slot(self) -> int | None:
        """The oldest row that is still kept; None before the first is closed."""
        if self._newest is None or self._first is None:
            return None
        return max(self._first, self._newest - self._rows_kept + 1)

    @property
    def record_count(self) -> int:
        """Number of records in memory."""
        return sum(len(records.times) for _, records in self._columns.values())

    def add(self, column: str, time_us: int, value: float, uncertain: bool) -> bool:
        """Take one record; false if it is older than what is kept, and changes nothing.

        Raises:
            KeyError: no column of the profile.
        """
        return not self.add_all([(column, time_us, value, uncertain)])

    def add_all(self, records: Iterable[StreamRecord]) -> list[StreamRecord]:
        """Take records, of which the last one of a column and time counts.

        Returns:
            Those that are older than what is kept; they change nothing.

        Raises:
            KeyError: no column of the profile; the records before it are taken.
        """
        columns, oldest_us, ahead_us = self._columns, self._oldest_us, self._ahead_us
        too_old = []
        for record in records:
            column, time_us, value, uncertain = record
            tag, place = columns[column]
            if time_us < ahead_us:
                if time_us < oldest_us:
                    too_old.append(record)
                    continue
                slot = time_us // self._step
                self._late[tag] = min(slot, self._late.get(tag, slot))
            place.put(time_us, value, uncertain)
        return too_old

    def close(self, slot: int) -> StreamRow:
        """Complete the row after the newest one, or the first; also where nothing was recorded.

        Raises:
            ValueError: another row than the next one.
        """
        if self._newest is None:
            self._begin(slot)
        elif slot != self._newest + 1:
            raise ValueError(f"expected to close slot {self._newest + 1}, the next one, got {slot}")
        self._correct()  # while what late records change is still kept
        for tag in range(len(self._tags)):
            self._fill(tag, slot)
        self._newest = slot
        self._oldest_us = (slot - self._rows_kept + 1) * self._step
        self._ahead_us = (slot + 1) * self._step
        for _, records in self._columns.values():
            records.forget(self._oldest_us)
        return self.row(slot)

    def row(self, slot: int) -> StreamRow:
        """A closed row as it is now.

        Raises:
            ValueError: not closed yet, or older than what is kept.
        """
        first, newest = self.first_slot, self._newest
        if first is None or newest is None or not first <= slot <= newest:
            kept = "none is closed" if first is None else f"one of {first} to {newest}"
            raise ValueError(f"expected a slot that is kept ({kept}), got {slot}")
        self._correct()
        numbers = np.array([slot])
        values = self._values(numbers)
        return StreamRow(slot, slot * self._step, values[0], self._flags(numbers, values)[0])

    def window(self, rows: int) -> NDArray[np.float64]:
        """The values of the newest rows, oldest first: (rows, columns), fewer rows where fewer are closed.

        Raises:
            ValueError: more rows than are kept.
        """
        return self._values(self._newest_slots(rows))

    def uncertain_values(self, rows: int) -> NDArray[np.bool_]:
        """Which values of `window` are of uncertain quality: (rows, columns); an extreme's is that of its tag.

        Raises:
            ValueError: more rows than are kept.
        """
        return self._states["row_uncertain"][self._newest_slots(rows) % self._size][:, self._tag_of]

    def _newest_slots(self, rows: int) -> NDArray[np.int_]:
        if not 0 <= rows <= self._rows_kept:
            raise ValueError(f"expected 0 to {self._rows_kept} rows, which are kept, got {rows}")
        first, newest = self.first_slot, self._newest
        if first is None or newest is None:
            return np.arange(0)
        self._correct()
        return np.arange(max(first, newest - rows + 1), newest + 1)

    def _begin(self, first: int) -> None:
        """Fill the rows before the first from the records before it; they are kept and not shown."""
        oldest = first - self._rows_kept
        for tag, records in enumerate(self._tags):
            past, _ = records.fill(TagState(), _DAWN, oldest * self._step + self._step)
            begin = (oldest + 1) * self._step
            self._states[:, tag], _ = records.fill(past, begin, begin)  # of rows without a record
            self._states[oldest % self._size, tag] = past
            if records.has_between(begin, first * self._step):
                for slot in range(oldest + 1, first):
                    self._fill(tag, slot)
        self._first = first

    def _correct(self) -> None:
        """Fill again what late records changed."""
        if self._newest is None:
            return
        for tag, first in self._late.items():
            for slot in range(first, self._newest + 1):
                self._fill(tag, slot)
        self._late.clear()

    def _fill(self, tag: int, slot: int) -> None:
        """A tag's recorded values and state in a row, from the state in the row before."""
        begin, states, row = slot * self._step, self._states, slot % self._size
        before = TagState._make(states[(slot - 1) % self._size, tag].item())
        states[row, tag], values = self._tags[tag].fill(before, begin, begin + self._step)
        for place, value in zip(self._places[tag], values, strict=True):
            self._seen[row, place] = value

    def _values(self, slots: NDArray[np.int_]) -> NDArray[np.float64]:
        """(slots, columns): what the rows recorded, else the last value as long as it may be held."""
        rows = slots % self._size
        seen, states = self._seen[rows], self._states[rows]
        may_hold = states["time_us"] >= (slots * self._step - self._hold_us)[:, None]
        held = np.where(may_hold, states["value"], np.nan)
        return np.where(np.isnan(seen), held[:, self._tag_of], seen)

    def _flags(self, slots: NDArray[np.int_], values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """(slots, tags), of the rows' values."""
        rows, tags = slots % self._size, len(self._tags)
        states, value = self._states[rows], values[:, :tags]
        conditions = flag_conditions(
            value,
            self._limits,
            known=~np.isnan(value),
            recorded=~np.isnan(self._seen[rows, :tags]),
            age=(slots * self._step)[:, None] - states["time_us"],
            unchanged=states["time_us"] - states["since_us"],
            uncertain=states["row_uncertain"],
        )
        return flag_bits(conditions)
