"""Plant time on the wall clock: when the next row is due.

Belongs here: speed, pauses, catching up. Doesn't belong here: what a row is.
"""

import math
import time
from collections.abc import Callable

SLOWEST, FASTEST = 0.0, 50.0
"""Plant hours in a second; at 0 the plant stands still."""
MOST_BEHIND = 96
"""Rows that are made up for after a pause; time beyond is lost to the plant."""
SHORTEST_WAIT_S = 0.01
"""Between two rows while catching up, so that clients aren't flooded."""


class PlantClock:
    """Counts complete rows; deadlines follow from one moment and one speed, so they don't drift.

    Args:
        speed: plant hours in a second.
        interval_h: sampling interval in hours.
        position: rows that are complete now.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self, speed: float, interval_h: float, position: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval_h = interval_h
        self._now = now
        self._from_time, self._from_row = now(), float(position)
        self._speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, hours_per_second: float) -> None:
        """Change the speed from now on; the row in progress keeps what it has."""
        self._from_row, self._from_time = self.elapsed, self._now()
        self._speed = hours_per_second

    @property
    def elapsed(self) -> float:
        """Rows since the plant's start, with the fraction of the one in progress."""
        return self._from_row + (self._now() - self._from_time) * self._speed / self._interval_h

    def wait_s(self, position: int) -> float:
        """Seconds until the row after `position` complete ones is due, at least a moment; inf: never.

        A clock that is far ahead of `position`, as after the machine slept, is put back.
        """
        if self._speed == 0:
            return math.inf
        behind = self.elapsed - position
        if behind > MOST_BEHIND:
            self._from_row -= behind - MOST_BEHIND
            behind = MOST_BEHIND
        return max((1 - behind) * self._interval_h / self._speed, SHORTEST_WAIT_S)
