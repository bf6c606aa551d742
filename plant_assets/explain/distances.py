"""The mean distance to the nearest stored rows along the diagonal.

Belongs here: nearest neighbours. A squared distance is a sum over features, so its expectation at t is exact; its
root, and which rows are nearest, are taken at that expectation.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from plant_assets.explain.diagonal import SHARES, DiagonalPart
from plant_assets.features.arrays import Floats

TINY = 1e-300
LOOKS = (0, 8, 17, 25, 33)
"""Places in `SHARES` where all stored rows are looked at, both ends among them."""
SPARE = 4
"""So many times k rows are kept at each look; who comes nearest between two looks is among them, or nearly so."""


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Rows (stored, features) and their squared lengths."""

    rows: Floats
    squares: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        return cls(rows, np.einsum("ij,ij->i", rows, rows))

    def rough_distances(self, row: Floats) -> Floats:
        """Squared distances, but for an amount that all rows share and for rounding; (stored,)."""
        return self.squares - 2.0 * (self.rows @ row)


class NearestPart(DiagonalPart):
    """Mean root of the k smallest expected squared distances.

    Args:
        reference: b, (features,).
        row: x, (features,).
        stored: what distances are taken to.
        k: how many are the nearest.
    """

    def __init__(self, reference: Floats, row: Floats, stored: StoredRows, k: int) -> None:
        rows = stored.rows[_candidates(reference, row, stored, k)]
        start, end = (((rows - point) ** 2).sum(axis=1) for point in (reference, row))
        squares = start + SHARES[:, None] * (end - start)
        self._near = np.argpartition(squares, k - 1, axis=1)[:, :k]
        roots = np.sqrt(np.maximum(np.take_along_axis(squares, self._near, axis=1), TINY))
        self.values = roots.mean(axis=1)
        self._slopes = 0.5 / (k * roots)
        self._rows, self._sums, self._step = rows, row + reference, row - reference

    def spread(self, weights: Floats) -> Floats:
        worths = (weights[:, None] * self._slopes).ravel()
        shares = np.bincount(self._near.ravel(), worths, minlength=len(self._rows))
        return self._step * (self._sums * shares.sum() - 2.0 * (shares @ self._rows))


def _candidates(reference: Floats, row: Floats, stored: StoredRows, k: int) -> np.ndarray:
    kept = min(SPARE * k, len(stored.rows))
    start, end = stored.rough_distances(reference), stored.rough_distances(row)
    looks = start + SHARES[list(LOOKS)][:, None] * (end - start)
    return np.unique(np.argpartition(looks, kept - 1, axis=1)[:, :kept])
