"""When an interval of a plant is complete. Pure.

Belongs here: the rule. Doesn't belong here: what time it is, rows (`watch.py`).
"""

import math
from dataclasses import dataclass, field
from datetime import timedelta

from plant_assets.profile.model import PlantProfile

QUIET_S = 5.0
"""A plant whose readings stopped for so long sends no more of an interval that is over."""
_US = timedelta(microseconds=1)


@dataclass(slots=True)
class IntervalClock:
    """Which intervals of a plant are complete.

    An interval is complete once all sources that bring readings have begun a later one, or, by the wall's clock, once it is
    over and settled and nothing more of it comes. A plant whose clock is that of its readings knows the first rule alone.

    Args:
        step_us: the sampling interval.
        settle_us: how long after an interval's end its readings may still come.
        follows_wall: whether the wall's time is the plant's.
    """

    step_us: int
    settle_us: int
    follows_wall: bool
    _newest: dict[str, int] = field(default_factory=dict)
    _heard: dict[str, float] = field(default_factory=dict)
    _listens_from: float = -math.inf

    @classmethod
    def of(cls, profile: PlantProfile) -> "IntervalClock":
        interval = profile.sampling.interval
        settle = interval / 10 if profile.live.settle is None else profile.live.settle
        return cls(interval // _US, settle // _US, profile.live.clock == "wall")

    def note(self, source: str, time_us: int, heard_s: float) -> None:
        """A source has reached a time.

        Args:
            heard_s: when that was told, by the wall.
        """
        self._newest[source] = max(time_us, self._newest.get(source, time_us))
        self._heard[source] = heard_s

    def listen_from(self, now_s: float) -> None:
        """Until now nothing could be heard, as this process was busy: silence counts from here."""
        self._listens_from = now_s

    def rebuilt(self, profile: PlantProfile) -> "IntervalClock":
        """The clock of a changed profile, which has heard what this one has."""
        clock = IntervalClock.of(profile)
        clock._newest, clock._heard = self._newest, self._heard
        return clock

    def complete_until(self, now_s: float, wall_s: float) -> int:
        """The first slot that isn't complete.

        Args:
            now_s: the clock that `note` is given.
            wall_s: seconds since 1970.
        """
        if not self.follows_wall:
            return max(self._newest.values(), default=0) // self.step_us
        patience_s = (self.step_us + self.settle_us) / 1e6
        heard = [t for source, t in self._newest.items() if now_s - self._heard[source] <= patience_s]
        begun = min(heard, default=0) // self.step_us
        if self._quiet_in_s(now_s) > 0:
            return begun
        return max(begun, (round(wall_s * 1e6) - self.settle_us) // self.step_us)

    def next_look_s(self, now_s: float, wall_s: float) -> float | None:
        """How many seconds until time alone may complete an interval; None: only readings do."""
        if not self.follows_wall:
            return None
        if (quiet_s := self._quiet_in_s(now_s)) > 0:
            return quiet_s
        return (self.step_us - (round(wall_s * 1e6) - self.settle_us) % self.step_us) / 1e6

    def _quiet_in_s(self, now_s: float) -> float:
        """When, if nothing comes meanwhile, readings will have stopped for so long that no more of the past come."""
        silent_s = max(self._listens_from, *self._heard.values(), -math.inf)
        return silent_s + min(QUIET_S, self.settle_us / 1e6) - now_s
