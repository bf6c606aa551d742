"""Unsupervised scores of how unusual a row is; higher is more unusual.

They are fitted on all training rows, alarms included: labels lag and bracket the process (whole days), and
what is rare stays rare. docs/decisions/0004-champion.md has the figures for normal rows only.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Self

import numpy as np

from plant_assets.models.fitted import Floats, Labels, Unsupervised

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

TREES = 300
EXPLAINED = 0.9
NEIGHBOURS = 10
MOST_STORED_ROWS = 2000
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


class PcaStatistics:
    """Hotelling's T2 and squared prediction error in a PCA model that explains 90 % of variance."""

    def __init__(self, rows: Floats) -> None:
        self.mean = rows.mean(axis=0)
        deviation = rows.std(axis=0)
        self.scale = np.where(deviation > _TINY, deviation, 1.0)
        scaled = (rows - self.mean) / self.scale
        variances, axes = np.linalg.eigh(scaled.T @ scaled / max(len(rows) - 1, 1))
        variances, axes = np.maximum(variances[::-1], 0.0), axes[:, ::-1]
        explained = np.cumsum(variances) / max(float(variances.sum()), _TINY)
        kept = min(int(np.searchsorted(explained, EXPLAINED)) + 1, len(variances))
        self.components = np.ascontiguousarray(axes[:, :kept].T)
        self.variances = np.maximum(variances[:kept], _TINY)

    def t2_and_spe(self, rows: Floats) -> tuple[Floats, Floats]:
        scaled = (rows - self.mean) / self.scale
        scores = scaled @ self.components.T
        residual = scaled - scores @ self.components
        return (scores**2 / self.variances).sum(axis=1), (residual**2).sum(axis=1)


class AnomalyEnsemble(Unsupervised):
    """Weighted mean of five scores, each standardised on rows that it wasn't fitted on.

    | part | score | weight |
    |---|---|---|
    | isolation forest | as `IsolationScore` | 1 |
    | mean absolute z | log1p of the mean absolute scaled feature | 1 |
    | T2, SPE | log1p of each statistic | 1/2 each |
    | neighbours | log1p of the mean distance to the 10 nearest training rows | 1 |

    Args:
        seed: of the isolation forest.
        trees: of the isolation forest.
    """

    kind = "anomaly_ensemble"
    members = ("isolation_forest", "mean_absolute", "t2", "spe", "neighbours")
    weights = np.array([1.0, 1.0, 0.5, 0.5, 1.0]) / 4.0

    def __init__(self, seed: int, trees: int = TREES) -> None:
        self.isolation = IsolationScore(seed, trees)
        self.pca: PcaStatistics | None = None
        self.stored_rows = np.empty((0, 0))
        self.neighbours = NEIGHBOURS
        self.centers = np.zeros(len(self.members))
        self.scales = np.ones(len(self.members))

    def fit(self, rows: Floats, labels: Labels) -> Self:
        self.isolation.fit(rows, labels)
        self.pca = PcaStatistics(rows)
        stride = -(-len(rows) // MOST_STORED_ROWS)
        self.stored_rows = rows[::-stride][::-1].copy()
        self.neighbours = min(NEIGHBOURS, len(self.stored_rows))
        return self

    def parts(self, rows: Floats) -> Floats:
        if self.pca is None:
            raise RuntimeError("anomaly ensemble: expected fit before score")
        t2, spe = self.pca.t2_and_spe(rows)
        distance = nearest_distance(rows, self.stored_rows, self.neighbours)
        logs = np.log1p(np.column_stack([np.abs(rows).mean(axis=1), t2, spe, distance]))
        return np.column_stack([self.isolation.parts(rows), logs])

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
