"""The records of a tag that a stream keeps, and what they leave to a row.

Belongs here: records in the order of their times, and the state that they carry from row to row. Doesn't belong
here: rows, and which records are still of use (`stream.py`).
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from plant_assets.profile.tag import Tag

NEVER = 2**62
"""Time of the last record where there is none: later than every row, so that it is of no age."""


class TagState(NamedTuple):
    """What a tag's records up to the end of a row leave to it and to the rows after it.

    Attributes:
        time_us, value, uncertain: of the last record; NEVER, NaN and false before the first.
        since_us: time of the record from which on all have repeated that value.
        row_uncertain: whether a record behind the row's own value is uncertain.
    """

    time_us: int = NEVER
    value: float = float("nan")
    uncertain: bool = False
    since_us: int = NEVER
    row_uncertain: bool = False


@dataclass(slots=True)
class ColumnRecords:
    """One column's records in order of time, at most one a time: 17 bytes each."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    uncertain: bytearray = field(default_factory=bytearray)

    def put(self, time_us: int, value: float, uncertain: bool) -> None:
        """Add a record; it takes the place of one of the same time."""
        times = self.times
        if not times or time_us > times[-1]:
            times.append(time_us)
            self.values.append(value)
            self.uncertain.append(uncertain)
            return
        place = bisect_left(times, time_us)
        if times[place] == time_us:
            self.values[place], self.uncertain[place] = value, uncertain
            return
        times.insert(place, time_us)
        self.values.insert(place, value)
        self.uncertain.insert(place, uncertain)

    def between(self, begin_us: int, end_us: int) -> slice:
        """Where the records of [begin, end) are."""
        times = self.times
        if not times or times[-1] < begin_us:
            return slice(0, 0)
        first = bisect_left(times, begin_us)
        return slice(first, bisect_left(times, end_us, first))

    def forget(self, before_us: int) -> None:
        """Drop the records before a time once they are half of all, so that a record is moved once on average."""
        times = self.times
        if times and times[len(times) // 2] < before_us:
            old = bisect_left(times, before_us)
            del times[:old], self.values[:old], self.uncertain[:old]


class TagRecords:
    """The records of a tag and of its interval extremes."""

    def __init__(self, tag: Tag) -> None:
        self.own = ColumnRecords()
        self.extremes = {name: ColumnRecords() for name in tag.extremes}
        self._picks = [
            (self.extremes[name], max if aggregate == "max" else min)
            for name, aggregate in zip(tag.extremes, tag.aggregates, strict=True)
        ]

    def has_between(self, begin_us: int, end_us: int) -> bool:
        """Whether anything was recorded in [begin, end)."""
        spans = (part.between(begin_us, end_us) for part in (self.own, *self.extremes.values()))
        return any(span.stop > span.start for span in spans)

    def fill(self, before: TagState, begin_us: int, end_us: int) -> tuple[TagState, list[float]]:
        """What the records of [begin, end) make of the state before them.

        Returns:
            The state at the end; the median of the interval's records and its extremes, NaN where the interval has no
            record of them.
        """
        own, span = self.own, self.own.between(begin_us, end_us)
        ordered = sorted(own.values[span])
        found = [_median(ordered)]
        for records, pick in self._picks:
            own_extremes = records.values[records.between(begin_us, end_us)]
            found.append(pick(own_extremes or ordered, default=_NAN))
        return (self._state(before, span) if ordered else _carry(before)), found

    def _state(self, before: TagState, span: slice) -> TagState:
        own, first, last = self.own, span.start, span.stop - 1
        value, change = own.values[last], last
        while change > first and own.values[change - 1] == value:
            change -= 1
        repeats = change == first and before.value == value
        since_us = before.since_us if repeats else own.times[change]
        uncertain = own.uncertain
        return TagState(own.times[last], value, bool(uncertain[last]), since_us, 1 in uncertain[span])


def _carry(before: TagState) -> TagState:
    """The state after an interval without a record: what its value is held from is the last record alone."""
    time_us, value, uncertain, since_us, _ = before
    return TagState(time_us, value, uncertain, since_us, uncertain)


_NAN = float("nan")


def _median(ordered: list[float]) -> float:
    """As Polars computes it, to the last bit."""
    if not ordered:
        return _NAN
    middle = len(ordered) // 2
    high = ordered[middle]
    if len(ordered) % 2:
        return high
    low = ordered[middle - 1]
    return low + (high - low) * 0.5
