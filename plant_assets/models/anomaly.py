"""Unsupervised scores of how unusual a row is; higher is more unusual.

They are fitted on all training rows, alarms included: labels lag and bracket the process (whole days), and
what is rare stays rare. docs/decisions/0004-champion.md has the figures for normal rows only.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Self

import numpy as np

from plant_assets.models.fitted import Floats, Labels, Unsupervised
from serving.scoring.scorers import bounded

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

TREES = 300
NEIGHBOURS = 10
MOST_STORED_ROWS = 2000
BOUND = 4.0
"""The most that one feature's distance from its centre counts, in its scales: docs/decisions/0019-bounded.md."""
_TINY = 1e-9
_MOST_GROWN = 64
_GROWN: "dict[tuple[bytes, int, int, int], IsolationForest]" = {}


class IsolationScore(Unsupervised):
    """How few random splits isolate a row (Liu, Ting and Zhou 2008); in (0, 1), 0.5 is usual.

    Args:
        seed: of the random splits.
        trees: more of them, less noise.
    """

    kind = "isolation_forest"

    def __init__(self, seed: int, trees: int = TREES) -> None:
        self.seed = seed
        self.trees = trees
        self.model: IsolationForest | None = None

    def fit(self, rows: Floats, labels: Labels) -> Self:
        del labels
        self.model = isolation_forest(rows, self.trees, self.seed)
        return self

    def parts(self, rows: Floats) -> Floats:
        if self.model is None:
            raise RuntimeError("isolation forest: expected fit before score")
        return -self.model.score_samples(rows)[:, None]

    def standardised(self, reference: Floats) -> Self:
        del reference
        return self

    def combine(self, parts: Floats) -> Floats:
        return parts[:, 0]


def isolation_forest(rows: Floats, trees: int, seed: int) -> "IsolationForest":
    """scikit-learn's forest, fitted on `rows`; asked again for the same ones it gives the first.

    Trees are grown on 256 rows each. The anomaly model, the calibrated one and the ensemble walk over the same
    rows, and forests are most of their time. A forest's size doesn't grow with the rows: 64 take about 100 MB.
    """
    from sklearn.ensemble import IsolationForest

    key = (sha256(rows.tobytes()).digest(), rows.shape[1], trees, seed)
    if key not in _GROWN:
        if len(_GROWN) >= _MOST_GROWN:
            del _GROWN[next(iter(_GROWN))]
        _GROWN[key] = IsolationForest(n_estimators=trees, random_state=seed, n_jobs=None).fit(rows)
    return _GROWN[key]


class AnomalyEnsemble(Unsupervised):
    """Mean of two scores, each standardised on rows that it wasn't fitted on.

    | part | score | weight |
    |---|---|---|
    | isolation forest | as `IsolationScore`, of scaled features | 1 |
    | neighbours | log1p of the mean distance to the 10 nearest training rows, of bounded features | 2 |

    Distances are of bounded features, as one that left its usual place for good would outweigh all the rest. Why these two:
    docs/decisions/0019-bounded.md.

    Args:
        seed: of the isolation forest.
        trees: of the isolation forest.
    """

    kind = "anomaly_ensemble"
    weights = np.array([1.0, 2.0]) / 3.0

    def __init__(self, seed: int, trees: int = TREES) -> None:
        self.isolation = IsolationScore(seed, trees)
        self.stored_rows = np.empty((0, 0))
        self.neighbours = NEIGHBOURS
        self.centers = np.zeros(len(self.weights))
        self.scales = np.ones(len(self.weights))

    def fit(self, rows: Floats, labels: Labels) -> Self:
        self.isolation.fit(rows, labels)
        stride = -(-len(rows) // MOST_STORED_ROWS)
        self.stored_rows = bounded(rows[::-stride][::-1], BOUND)
        self.neighbours = min(NEIGHBOURS, len(self.stored_rows))
        return self

    def parts(self, rows: Floats) -> Floats:
        if not len(self.stored_rows):
            raise RuntimeError("anomaly ensemble: expected fit before score")
        distance = nearest_distance(bounded(rows, BOUND), self.stored_rows, self.neighbours)
        return np.column_stack([self.isolation.parts(rows), np.log1p(distance)])

    def standardised(self, reference: Floats) -> Self:
        self.centers = reference.mean(axis=0)
        self.scales = np.maximum(reference.std(axis=0), _TINY)
        return self

    def combine(self, parts: Floats) -> Floats:
        return ((parts - self.centers) / self.scales) @ self.weights


def nearest_distance(rows: Floats, stored: Floats, k: int) -> Floats:
    """Mean Euclidean distance to the k nearest stored rows.

    One matrix product finds candidates; their distances are then computed exactly, since the expanded
    square loses half of its digits near zero.
    """
    candidates = min(len(stored), k + 8)
    result = np.empty(len(rows))
    squares = (stored**2).sum(axis=1)
    for start in range(0, len(rows), 1024):
        chunk = rows[start : start + 1024]
        rough = squares - 2.0 * (chunk @ stored.T)
        near = np.argpartition(rough, candidates - 1, axis=1)[:, :candidates]
        for i, row in enumerate(chunk):
            exact = np.sqrt(((stored[near[i]] - row) ** 2).sum(axis=1))
            result[start + i] = np.partition(exact, k - 1)[:k].mean()
    return result
