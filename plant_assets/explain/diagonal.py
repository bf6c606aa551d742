"""Shapley values as an integral along the diagonal of the multilinear extension (Owen 1972).

A row is compared with the reference row. Let every feature come from the row with probability t and from the
reference otherwise, each on its own. The Shapley value of a feature is its mean marginal worth over t in [0, 1].

Belongs here: the points t, and what turns parts into a whole (outer functions, means). Doesn't belong here: parts
themselves (`lines.py`, `distances.py`, `trees.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from plant_assets.features.arrays import Floats, Index

POINTS = 32
TAKEN_APART = 3
"""Features whose combinations are gone through one by one: 8 of them; docs/decisions/0009 has errors and times."""


def _grid() -> tuple[Floats, Floats]:
    """Gauss-Legendre points, drawn together at both ends, where the logarithm of a distance is steepest.

    Exact to 1e-12 for trees that part on up to 60 features of a path.
    """
    points, weights = np.polynomial.legendre.leggauss(POINTS)
    u = (points + 1) / 2
    shares, slopes = u**3 * (10 - 15 * u + 6 * u**2), 30 * u**2 * (1 - u) ** 2
    return np.concatenate([[0.0], shares, [1.0]]), np.concatenate([[0.0], weights / 2 * slopes, [0.0]])


SHARES, WEIGHTS = _grid()
"""t from 0 (the reference) to 1 (the row), both ends included with weight 0: (points,) each."""


class DiagonalPart(ABC):
    """One function of a row, along the diagonal.

    Attributes:
        values: its expectation at each t in `SHARES`; the first is the reference's answer, the last the row's.
    """

    values: Floats

    @abstractmethod
    def spread(self, weights: Floats) -> Floats:
        """Sum over t of `weights` (points,) times each feature's marginal worth at t; (features,)."""


class OuterPart(DiagonalPart):
    """A smooth function of an inner one.

    The expectation of h(inner) is taken as h of inner's expectation: exact where h is linear, and close where many
    features share in the inner value.
    """

    def __init__(
        self, inner: DiagonalPart, function: Callable[[Floats], Floats], slope: Callable[[Floats], Floats]
    ) -> None:
        self.values = function(inner.values)
        self._inner = inner
        self._slopes = slope(inner.values)

    def spread(self, weights: Floats) -> Floats:
        return self._inner.spread(weights * self._slopes)


class SplitPart(DiagonalPart):
    """A part taken apart over its few largest features, all combinations of them.

    What `OuterPart` neglects is how far the inner value scatters around its expectation. Most of that comes from few
    features, so each combination of theirs gets an expectation of its own.

    Args:
        build: the part between two rows.
        reference: b, (features,).
        row: x, (features,).
    """

    def __init__(
        self, build: Callable[[Floats, Floats], DiagonalPart], reference: Floats, row: Floats
    ) -> None:
        sizes = np.abs(build(reference, row).spread(WEIGHTS))
        largest = np.argsort(-sizes, kind="stable")[: min(TAKEN_APART, np.count_nonzero(sizes))]
        self._largest = largest
        self._chosen = (np.arange(2 ** len(largest))[:, None] >> np.arange(len(largest))) % 2 == 1
        self._cases: list[DiagonalPart] = []
        for chosen in self._chosen:
            start, end = reference.copy(), row.copy()
            start[largest] = end[largest] = np.where(chosen, row[largest], reference[largest])
            self._cases.append(build(start, end))
        self._answers = np.array([case.values for case in self._cases])
        self._chances = _chances(self._chosen)
        self.values = (self._chances * self._answers).sum(axis=0)

    def spread(self, weights: Floats) -> Floats:
        found = np.sum(
            [case.spread(weights * p) for case, p in zip(self._cases, self._chances, strict=True)], axis=0
        )
        for column, feature in enumerate(self._largest):
            others = np.delete(self._chosen, column, axis=1)
            sign = np.where(self._chosen[:, column], 1.0, -1.0)
            found[feature] += sign @ (_chances(others) * self._answers) @ weights
        return found


def _chances(chosen: NDArray[np.bool_]) -> Floats:
    """How likely each combination (combinations, features) is at each t; (combinations, points)."""
    taken = chosen.sum(axis=1)[:, None]
    return SHARES**taken * (1 - SHARES) ** (chosen.shape[1] - taken)


class SubsetPart(DiagonalPart):
    """A part of some of the features, told for all of them.

    Args:
        inner: of the chosen features.
        columns: their positions.
        width: how many features there are.
    """

    def __init__(self, inner: DiagonalPart, columns: Index, width: int) -> None:
        self.values = inner.values
        self._inner, self._columns, self._width = inner, columns, width

    def spread(self, weights: Floats) -> Floats:
        found = np.zeros(self._width)
        found[self._columns] = self._inner.spread(weights)
        return found


class SumPart(DiagonalPart):
    """Offset plus a weighted sum of parts."""

    def __init__(self, parts: Sequence[DiagonalPart], shares: Sequence[float], offset: float = 0.0) -> None:
        self.values = offset + np.sum(
            [share * part.values for part, share in zip(parts, shares, strict=True)], axis=0
        )
        self._parts = list(zip(parts, shares, strict=True))

    def spread(self, weights: Floats) -> Floats:
        return np.sum([part.spread(share * weights) for part, share in self._parts], axis=0)
