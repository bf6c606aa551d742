"""An isolation forest in NumPy: all trees grow together, one level at a time.

scikit-learn's takes 0.2 s for 300 trees, nearly all of it overhead per tree; walk-forward with held-out
blocks fits 54 forests. A test holds the scores to scikit-learn's.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
_REDRAWS = 100
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class IsolationForest:
    """Trees in heap order: node i has children 2i + 1 (value <= threshold) and 2i + 2.

    Attributes:
        feature: (trees, nodes); -1 at leaves.
        threshold: (trees, nodes).
        length: path length that ends here, (trees, nodes): depth and what the rows left would still take.
        divisor: number of trees times the expected path length of `samples` rows.
    """

    feature: Index
    threshold: Floats
    length: Floats
    divisor: float

    def score(self, rows: Floats) -> Floats:
        """2^(-mean path length / expected path length) (Liu, Ting and Zhou 2008, eq. 2); high = isolated."""
        parts = [self._total(rows[i : i + _CHUNK]) for i in range(0, len(rows), _CHUNK)]
        return np.exp2(-np.concatenate([np.empty(0), *parts]) / self.divisor)

    def _total(self, rows: Floats) -> Floats:
        trees = np.arange(len(self.feature))[None, :]
        place = np.zeros((len(rows), len(self.feature)), dtype=np.int64)
        each = np.arange(len(rows))[:, None]
        for _ in range(int(math.log2(self.feature.shape[1] + 1)) - 1):
            feature = self.feature[trees, place]
            right = rows[each, feature] > self.threshold[trees, place]
            place = np.where(feature >= 0, 2 * place + 1 + right, place)
        return self.length[trees, place].sum(axis=1)


def fit_isolation_forest(rows: Floats, trees: int, samples: int, seed: int) -> IsolationForest:
    """Grow trees on random samples of rows, by random splits of random features.

    Args:
        rows: (rows, features), finite.
        trees: how many.
        samples: rows a tree, drawn without replacement; at most the rows there are.
        seed: of all draws.
    """
    generator = np.random.default_rng(seed)
    samples = min(samples, len(rows))
    height = max(math.ceil(math.log2(max(samples, 2))), 1)
    drawn = generator.permuted(np.tile(np.arange(len(rows)), (trees, 1)), axis=1)[:, :samples]
    nodes = 2 ** (height + 1) - 1
    feature = np.full((trees, nodes), -1, dtype=np.int64)
    threshold = np.zeros((trees, nodes))
    counts = np.zeros((trees, nodes), dtype=np.int64)
    place = np.zeros((trees, samples), dtype=np.int64)
    each = np.arange(trees)[:, None]
    for depth in range(height + 1):
        alive = place >= 2**depth - 1
        key = (each * nodes + place)[alive]
        here = np.bincount(key, minlength=trees * nodes)
        counts += here.reshape(trees, nodes)
        if depth == height:
            break
        _split(rows, drawn[alive], key, here, (feature.reshape(-1), threshold.reshape(-1), generator))
        split = feature[each, place]
        right = rows[drawn, split] > threshold[each, place]
        place = np.where(split >= 0, 2 * place + 1 + right, place)
    depths = np.floor(np.log2(np.arange(nodes) + 1))
    expected = float(average_path(np.array([samples]))[0]) or 1.0
    return IsolationForest(feature, threshold, depths + average_path(counts), trees * expected)


def average_path(samples: NDArray[np.integer]) -> Floats:
    """Expected path length of an unsuccessful search among n rows (Liu, Ting and Zhou 2008, eq. 1)."""
    n = np.asarray(samples, dtype=np.float64)
    many = np.maximum(n, 3.0)
    path = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, path))


def _split(
    rows: Floats, drawn: Index, key: Index, sizes: Index, trees: tuple[Index, Floats, np.random.Generator]
) -> None:
    """Split each node of two rows or more; a feature that is constant in its node is drawn anew.

    Args:
        rows: all rows.
        drawn: the row of each sample that is in a node of this level.
        key: the node of each of these samples.
        sizes: samples a node.
        trees: features and thresholds of all nodes, written in place, and what draws them.
    """
    feature, threshold, generator = trees
    place = np.full(len(sizes), -1)
    pending = np.flatnonzero(sizes > 1)
    for _ in range(_REDRAWS):
        if not len(pending):
            return
        place[pending] = np.arange(len(pending))
        local = place[key]
        inside = local >= 0
        drawn, key, local = drawn[inside], key[inside], local[inside]
        chosen = generator.integers(0, rows.shape[1], len(pending))
        values = rows[drawn, chosen[local]]
        low, high = np.full(len(pending), np.inf), np.full(len(pending), -np.inf)
        np.minimum.at(low, local, values)
        np.maximum.at(high, local, values)
        cut = generator.uniform(low, high)
        good = (high > low) & (cut < high)
        feature[pending[good]] = chosen[good]
        threshold[pending[good]] = cut[good]
        place[pending] = -1
        pending = pending[~good]
