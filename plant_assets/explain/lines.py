"""Linear scores along the diagonal: exact.

Belongs here: parts whose marginal worth has a closed form in t. Doesn't belong here: trees, distances.
"""

import numpy as np

from plant_assets.explain.diagonal import SHARES, DiagonalPart
from plant_assets.features.arrays import Floats


class ConstantPart(DiagonalPart):
    """The same answer for every row of `width` features."""

    def __init__(self, value: float, width: int) -> None:
        self.values = np.full(len(SHARES), value)
        self._width = width

    def spread(self, weights: Floats) -> Floats:
        del weights
        return np.zeros(self._width)


class AdditivePart(DiagonalPart):
    """A sum of functions of one feature each.

    Args:
        start: the reference's value.
        worths: what each feature adds when it comes from the row; (features,).
    """

    def __init__(self, start: float, worths: Floats) -> None:
        self.values = start + SHARES * worths.sum()
        self._worths = worths

    def spread(self, weights: Floats) -> Floats:
        return self._worths * weights.sum()


class LogOddsPart(DiagonalPart):
    """Log-odds of the last class against all others, of margins that are linear in the features.

    Args:
        starts: the reference's margins; (classes,).
        worths: what each feature adds to each margin; (classes, features).
    """

    def __init__(self, starts: Floats, worths: Floats) -> None:
        margins = starts + SHARES[:, None] * worths.sum(axis=1)
        others = margins[:, :-1]
        highest = others.max(axis=1, keepdims=True)
        powers = np.exp(others - highest)
        sums = powers.sum(axis=1, keepdims=True)
        self.values = margins[:, -1] - (highest + np.log(sums))[:, 0]
        self._slopes = np.hstack([-powers / sums, np.ones((len(margins), 1))])
        self._worths = worths

    def spread(self, weights: Floats) -> Floats:
        return (weights @ self._slopes) @ self._worths
