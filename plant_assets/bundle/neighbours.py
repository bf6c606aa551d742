"""Distances to the nearest of some stored rows, exact and quick for one row as for many.

One float32 product gives every squared distance to within a known error; rows that could be among the nearest by it
are measured exactly in float64. Belongs here: that search. Doesn't belong here: the node that asks (`scorers.py`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from plant_assets.features.arrays import Floats

LARGEST_FLOAT32 = 1e15
"""Above it, squares of float32 numbers come near the end of their range."""
CHUNK = 128
"""So many rows at a time stay in the processor's cache."""


class NearestDistance:
    """Mean Euclidean distance to the k nearest stored rows.

    Args:
        stored: (stored, features).
        k: at most as many as are stored.
    """

    def __init__(self, stored: Floats, k: int) -> None:
        self._stored, self._k = stored, k
        squares = (stored**2).sum(axis=1)
        self._longest = math.sqrt(float(squares.max()))
        with np.errstate(over="ignore"):  # rows as long as that are measured exactly at once
            self._doubled, self._squares = (
                np.ascontiguousarray(-2.0 * stored.T, dtype=np.float32),
                squares.astype(np.float32),
            )
        # A sum of n float32 products errs by at most n units in the last place of |a| |b|; twice that is allowed for.
        unit = 4.0 * stored.shape[1] * float(np.finfo(np.float32).eps)
        with np.errstate(over="ignore"):
            self._slack = (unit * np.sqrt(squares)).astype(np.float32)
            self._own = (unit * squares).astype(np.float32)

    def __call__(self, rows: Floats) -> Floats:
        """Distances (rows,) of rows (rows, features)."""
        if len(rows) == 1:
            return np.array([self._one(rows[0])])
        parts = [self._many(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _one(self, row: Floats) -> float:
        length = math.sqrt(row @ row)
        near = self._stored
        if max(length, self._longest) < LARGEST_FLOAT32:
            distances = row.astype(np.float32) @ self._doubled
            distances += self._squares
            error = self._slack * np.float32(length) + self._own
            furthest = distances + error
            furthest.partition(self._k - 1)
            distances -= error
            near = near[distances <= furthest[self._k - 1]]
        gaps = near - row
        exact = np.sqrt(np.vecdot(gaps, gaps))
        exact.partition(self._k - 1)
        return float(np.add.reduce(exact[: self._k])) / self._k

    def _many(self, rows: Floats) -> Floats:
        lengths = np.sqrt(np.vecdot(rows, rows))
        if not max(lengths.max(), self._longest) < LARGEST_FLOAT32:
            return np.array([self._one(row) for row in rows])
        distances = rows.astype(np.float32) @ self._doubled
        distances += self._squares
        # Each stored row has a bound of its own: by one for all, a single far row would make all others candidates.
        error = lengths.astype(np.float32)[:, None] * self._slack + self._own
        limits = np.partition(distances + error, self._k - 1, axis=1)[:, self._k - 1]
        near = distances - error <= limits[:, None]
        place, candidate = np.nonzero(near)
        gaps = self._stored[candidate] - rows[place]
        return self._means(np.sqrt(np.vecdot(gaps, gaps)), near.sum(axis=1))

    def _means(self, exact: Floats, counts: NDArray[np.intp]) -> Floats:
        """Mean of each row's k smallest; `exact` holds `counts` distances of each row, one row after the other."""
        table = np.full((len(counts), int(counts.max())), np.inf)
        table[np.arange(table.shape[1]) < counts[:, None]] = exact
        return np.partition(table, self._k - 1, axis=1)[:, : self._k].sum(axis=1) / self._k
