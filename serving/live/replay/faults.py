"""Faults of sites, made on purpose: what a replay does to records that are whole.

Belongs here: which record is changed, left out, repeated or delayed. Doesn't belong here: when records are sent
(`pace.py`).

Each fault draws from a generator of its own, so that a seed and a fault give the same records whatever other faults
there are.
"""

import heapq
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Literal, NamedTuple, get_args

from serving.live.readings import RawReading

FaultKind = Literal["gaps", "duplicates", "late", "frozen", "bad_json", "out_of_order"]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
GAP_SHARE, FROZEN_SHARE = 0.002, 0.001
"""Of a tag's records, how many begin a stretch."""
STRETCH = (5, 40)
"""Records of a tag without a break, that are missing or frozen."""
DUPLICATE_SHARE, LATE_SHARE, SWAP_SHARE, BROKEN_SHARE = 0.02, 0.01, 0.05, 0.05
"""Of records; of messages, how many are followed by a broken one."""
LATE_INTERVALS, SWAP_INTERVALS = (1.0, 6.0), (0.0, 0.5)
"""By how many intervals a record comes after its time."""


class TimedReading(NamedTuple):
    """A record, and when it is sent in the plant's time."""

    at_us: int
    reading: RawReading


class SiteFaults:
    """The faults of one replay.

    Attributes:
        counts: records that each fault touched.
    """

    def __init__(self, kinds: Collection[FaultKind], seed: int, interval_us: int) -> None:
        self.counts: Counter[str] = Counter()
        self._chance = {kind: random.Random(f"{seed} {kind}") for kind in FAULTS if kind in kinds}
        self._interval_us = interval_us
        self._missing: Counter[str] = Counter()
        self._stuck: dict[str, tuple[float | None, int]] = {}

    def apply(self, readings: Iterable[RawReading]) -> Iterator[TimedReading]:
        """Records in the order in which they are sent; they come in the order of their times."""
        delayed: list[tuple[int, int, RawReading]] = []
        for number, reading in enumerate(readings):
            while delayed and delayed[0][0] <= reading.time_us:
                at_us, _, other = heapq.heappop(delayed)
                yield TimedReading(at_us, other)
            if self._is_missing(reading.name):
                continue
            sent = self._frozen(reading)
            if delay_us := self._delay_us():
                heapq.heappush(delayed, (reading.time_us + delay_us, number, sent))
                continue
            yield TimedReading(reading.time_us, sent)
            if self._happens("duplicates", DUPLICATE_SHARE):
                yield TimedReading(reading.time_us, sent)
        while delayed:
            at_us, _, other = heapq.heappop(delayed)
            yield TimedReading(at_us, other)

    def breaks_message(self) -> bool:
        """Whether a broken message follows the one that was sent."""
        return self._happens("bad_json", BROKEN_SHARE)

    def _is_missing(self, name: str) -> bool:
        if self._missing[name] == 0 and not self._begins("gaps", GAP_SHARE):
            return False
        self._missing[name] = (self._missing[name] or self._stretch("gaps")) - 1
        self.counts["gaps"] += 1
        return True

    def _frozen(self, reading: RawReading) -> RawReading:
        if reading.name not in self._stuck:
            if self._begins("frozen", FROZEN_SHARE):
                self._stuck[reading.name] = (reading.value, self._stretch("frozen"))
            return reading
        value, left = self._stuck.pop(reading.name)
        if left > 1:
            self._stuck[reading.name] = (value, left - 1)
        self.counts["frozen"] += 1
        return reading._replace(value=value)

    def _delay_us(self) -> int:
        if self._happens("late", LATE_SHARE):
            return round(self._chance["late"].uniform(*LATE_INTERVALS) * self._interval_us)
        if self._happens("out_of_order", SWAP_SHARE):
            return round(self._chance["out_of_order"].uniform(*SWAP_INTERVALS) * self._interval_us)
        return 0

    def _begins(self, kind: FaultKind, share: float) -> bool:
        return kind in self._chance and self._chance[kind].random() < share

    def _happens(self, kind: FaultKind, share: float) -> bool:
        happens = self._begins(kind, share)
        self.counts[kind] += happens
        return happens

    def _stretch(self, kind: FaultKind) -> int:
        return self._chance[kind].randint(*STRETCH)
