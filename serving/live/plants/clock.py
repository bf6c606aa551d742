"""When an interval of a plant is complete. Pure.

Belongs here: the rule. Doesn't belong here: what time it is, rows (`watch.py`).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from plant_assets.profile.model import PlantProfile

QUIET_S = 5.0
"""A plant whose readings stopped for so long sends no more of an interval that is over."""
_US = timedelta(microseconds=1)


@dataclass(slots=True)
class PlantClock:
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

    @classmethod
    def of(cls, profile: PlantProfile) -> "PlantClock":
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

    def complete_until(self, now_s: float) -> int:
        """The first slot that isn't complete."""
        patience_s = (self.step_us + self.settle_us) / 1e6
        heard = {source: newest for source, newest in self._newest.items() if now_s - self._heard[source] <= patience_s}
        begun = min(heard.values(), default=None) if self.follows_wall else max(self._newest.values(), default=None)
        found = [] if begun is None else [begun // self.step_us]
        if self.follows_wall and now_s - max(self._heard.values(), default=-QUIET_S) >= min(QUIET_S, self.settle_us / 1e6):
            found.append((round(now_s * 1e6) - self.settle_us) // self.step_us)
        return max(found, default=0)

    def next_look_s(self, now_s: float) -> float | None:
        """How many seconds until time alone completes an interval; None: only readings do."""
        if not self.follows_wall:
            return None
        settled = round(now_s * 1e6) - self.settle_us
        end_s = (self.step_us - settled % self.step_us) / 1e6
        quiet_s = max(self._heard.values(), default=now_s) + min(QUIET_S, self.settle_us / 1e6) - now_s
        return max(0.01, min(end_s, quiet_s) if quiet_s > 0 else end_s)
