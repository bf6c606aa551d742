"""How many features don't fit the others, along the diagonal.

Belongs here: residuals. Each is a sum over features that come from the row or from the reference, each on its own, so it's
nearly normal at every t, and Welsch's loss has a closed expectation over a normal distribution.
"""

import numpy as np

from plant_assets.explain.diagonal import SHARES, DiagonalPart
from plant_assets.features.arrays import Floats


class ResidualsPart(DiagonalPart):
    """Mean over residuals r of the expectation of 1 - exp(-r^2 / 2).

    With mean m and variance v of a residual it is 1 - exp(-m^2 / (2 (1 + v))) / sqrt(1 + v).

    Args:
        reference: b less the residuals' centre, (features,).
        row: x less the same, (features,).
        directions: (features, residuals).
    """

    def __init__(self, reference: Floats, row: Floats, directions: Floats) -> None:
        self._steps = directions * (row - reference)[:, None]
        self._squares = self._steps**2
        mean = reference @ directions + SHARES[:, None] * self._steps.sum(axis=0)
        spread = 1.0 + (SHARES * (1.0 - SHARES))[:, None] * self._squares.sum(axis=0)
        self._means, self._spreads = mean, spread
        self._fits = np.exp(-0.5 * mean**2 / spread) / np.sqrt(spread) / directions.shape[1]
        self.values = 1.0 - self._fits.sum(axis=1)

    def spread(self, weights: Floats) -> Floats:
        share = self._means / self._spreads
        by_mean = weights @ (self._fits * share)
        by_variance = (weights * (1.0 - 2.0 * SHARES)) @ (self._fits * (1.0 / self._spreads - share**2)) / 2.0
        return self._steps @ by_mean + self._squares @ by_variance
