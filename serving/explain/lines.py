"""Linear, quadratic and absolute scores along the diagonal: exact.

Belongs here: parts whose marginal worth has a closed form in t. Doesn't belong here: trees, distances.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from serving.explain.diagonal import SHARES, Diagonal
from serving.scoring.scorers import Floats


class Level(Diagonal):
    """The same answer for every row of `width` features."""

    def __init__(self, value: float, width: int) -> None:
        self.values = np.full(len(SHARES), value)
        self._width = width

    def spread(self, weights: Floats) -> Floats:
        del weights
        return np.zeros(self._width)


class Additive(Diagonal):
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


class LogOdds(Diagonal):
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


@dataclass(frozen=True)
class Form:
    """A sum of squares.

    Attributes:
        directions: (scores, features).
        scales: weight of each score's square; (scores,).
        own: weight of each feature's own square.
    """

    directions: Floats
    scales: Floats
    own: float = 0.0

    @cached_property
    def diagonal(self) -> Floats:
        """What each feature's square weighs in all; (features,)."""
        return self.scales @ self.directions**2 + self.own


class Quadratic(Diagonal):
    """Sum of weighted squares of linear scores, plus some of the features' own squares.

    q(z) = sum_k scales_k (directions_k . z)^2 + own * |z|^2: Hotelling's T2, or a squared prediction error.

    Args:
        reference: b, (features,).
        row: x, (features,).
        form: what the squares are of.
    """

    def __init__(self, reference: Floats, row: Floats, form: Form) -> None:
        directions, scales, own, diagonal = form.directions, form.scales, form.own, form.diagonal
        step = row - reference
        start, slope = directions @ reference, directions @ step
        # E q at t is q of the mean row, and t (1 - t) times the spread that mixing the two rows makes.
        scores = start + SHARES[:, None] * slope
        lengths = reference @ reference + SHARES * (2.0 * (reference @ step) + SHARES * (step @ step))
        self.values = scores**2 @ scales + own * lengths + SHARES * (1 - SHARES) * (diagonal @ step**2)
        gradient = 2 * ((scales * start) @ directions + own * reference)
        turn = 2 * ((scales * slope) @ directions + own * step)
        self._level = step * (gradient + diagonal * step)
        self._slope = step * (turn - 2 * diagonal * step)

    def spread(self, weights: Floats) -> Floats:
        return weights.sum() * self._level + (weights @ SHARES) * self._slope
