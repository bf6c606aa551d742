"""Anomalies injected into plants of which no facts are known: when, where and how strong.

Their random numbers are their own, so that the plant beneath them is the same at every rate. Belongs here: the
schedule. Doesn't belong here: how an anomaly looks (`effects.py`).
"""

from datetime import timedelta

import numpy as np

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.events import Disturbance
from plant_assets.simulation.process import HOURS

KIND = "anomaly"
SHAPES: dict[str, tuple[int, int]] = {"spike": (1, 1), "shift": (3, 12), "drift": (12, 36), "swing": (8, 24)}
"""Shape → the shortest and the longest, in rows."""
SIZES = (1.0, 2.5)
"""How far from its level a tag is moved, in half widths of its normal band."""
_MEAN_ROWS = float(np.mean([np.mean(span) for span in SHAPES.values()]))
_SALT = 8_041_613


class PlantAnomalies:
    """A plant's anomalies, day by day; a longer stretch begins with the shorter one.

    Args:
        profile: its sampling interval, and its rate unless another is given.
        seed: of the plant.
        steps_per_hour: of the simulation's fine grid.
        rate: share of rows within an anomaly.

    Raises:
        ValueError: a rate outside 0 to 0.5.
    """

    def __init__(
        self, profile: PlantProfile, seed: int, steps_per_hour: int, rate: float | None = None
    ) -> None:
        self._rate = profile.simulation.anomaly_rate if rate is None else rate
        if not 0 <= self._rate <= 0.5:
            raise ValueError(f"anomaly_rate: expected 0 to 0.5, got {rate}")
        self._seed = seed
        self._row = max(1, round(profile.sampling.interval / timedelta(hours=1) * steps_per_hour))
        self._rows = max(1, HOURS * steps_per_hour // self._row)

    def day(self, number: int) -> list[Disturbance]:
        """Everything that begins on a day."""
        if not self._rate:
            return []
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self._seed, number, _SALT])))
        count = int(rng.poisson(self._rate * self._rows / _MEAN_ROWS))
        return [
            self._one(number * self._rows + int(row), rng)
            for row in sorted(rng.integers(0, self._rows, count))
        ]

    def _one(self, row: int, rng: np.random.Generator) -> Disturbance:
        shape = list(SHAPES)[int(rng.integers(len(SHAPES)))]
        low, high = SHAPES[shape]
        begin, end = row * self._row, (row + int(rng.integers(low, high + 1))) * self._row
        size, tag = float(rng.uniform(*SIZES) * rng.choice([-1, 1])), float(rng.random())
        return Disturbance(KIND, begin, begin, end, -1, False, shape, size, tag)
