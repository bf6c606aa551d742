"""Tree ensembles along the diagonal: interventional TreeSHAP against one reference row, exact.

Belongs here: the walk of two rows through all trees at once. Doesn't belong here: reading files (`onnx_trees.py`).

A leaf that X features have to come from the row for, and R from the reference, is reached with probability
t^X (1 - t)^R. Integrated over t that gives the weights (X-1)! R! / (X+R)! of Lundberg et al. (2020).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant_assets.explain.diagonal import SHARES, DiagonalPart
from plant_assets.features.arrays import Flags, Floats, Index


@dataclass(frozen=True, slots=True)
class TreeNodes:
    """The nodes of all trees; children below zero are leaves, -1 - i the i-th.

    Attributes:
        roots: (trees,).
        feature: (nodes,).
        split: (nodes,), in the precision that rows are compared in.
        passed: child of rows at or below the split (`strict`: below it); (nodes,).
        failed: child of the others; (nodes,).
        leaves: values; (leaves,).
        strict: whether equality fails.
    """

    roots: Index
    feature: Index
    split: NDArray[np.floating]
    passed: Index
    failed: Index
    leaves: Floats
    strict: bool

    def answers(self, row: NDArray[np.floating]) -> Flags:
        """Which splits a row passes; (nodes,)."""
        values = row[self.feature]
        return values < self.split if self.strict else values <= self.split


@dataclass(frozen=True, slots=True)
class ReachedLeaves:
    """Leaves that some mixture of row and reference reaches.

    Attributes:
        leaf: (reached,).
        features: the features that the two rows part on, on the way there; -1 beyond the last; (reached, most).
        from_row: whether the feature has to come from the row; (reached, most).
    """

    leaf: Index
    features: NDArray[np.int32]
    from_row: Flags


class ForestPart(DiagonalPart):
    """Sum of the leaves.

    Args:
        trees: the ensemble.
        of_reference: `trees.answers` of the reference.
        of_row: `trees.answers` of the row.
        width: features of a row.
    """

    def __init__(self, trees: TreeNodes, of_reference: Flags, of_row: Flags, width: int) -> None:
        found = reached_leaves(trees, of_reference, of_row)
        used = found.features >= 0
        self._ours = used & found.from_row
        self._theirs = used & ~found.from_row
        self._features, self._width = found.features, width
        self._row_count, self._reference_count = self._ours.sum(axis=1), self._theirs.sum(axis=1)
        self._leaves = trees.leaves[found.leaf]
        most = int(used.sum(axis=1).max(initial=0))
        exponents = np.arange(most + 1)[:, None]
        self._powers = SHARES**exponents, (1 - SHARES) ** exponents
        sums = np.zeros((most + 1, most + 1))
        np.add.at(sums, (self._row_count, self._reference_count), self._leaves)
        self.values = np.einsum("xr,xt,rt->t", sums, *self._powers)

    def spread(self, weights: Floats) -> Floats:
        ours, theirs = self._powers
        table = (ours * weights) @ theirs.T
        x, r = self._row_count, self._reference_count
        gains = self._leaves * table[np.maximum(x - 1, 0), r]
        losses = self._leaves * table[x, np.maximum(r - 1, 0)]
        found = np.zeros(self._width)
        for chosen, worth, sign in ((self._ours, gains, 1.0), (self._theirs, losses, -1.0)):
            place, _ = np.nonzero(chosen)
            found += sign * np.bincount(self._features[chosen], worth[place], minlength=self._width)
        return found


def reached_leaves(trees: TreeNodes, of_reference: Flags, of_row: Flags) -> ReachedLeaves:
    """Walk down all trees at once, both ways where the two rows part.

    A feature that parted them before goes on with the row that it was taken from.
    """
    node = trees.roots
    features = np.full((len(node), 1), -1, dtype=np.int32)
    from_row = np.zeros((len(node), 1), dtype=bool)
    used = np.zeros(len(node), dtype=np.intp)
    done: list[ReachedLeaves] = []
    while len(node):
        ours, theirs, feature = of_row[node], of_reference[node], trees.feature[node]
        known = features == feature[:, None]
        seen = known.any(axis=1)
        passes = np.where(seen & ~(known & from_row).any(axis=1), theirs, ours)
        parting = np.flatnonzero((ours != theirs) & ~seen)
        if len(parting) and used[parting].max() == (width := features.shape[1]):
            features, from_row = _widen(features, -1, width + 1), _widen(from_row, 0, width + 1)
        features[parting, used[parting]] = feature[parting]
        used[parting] += 1
        place = np.concatenate([np.arange(len(node)), parting])
        passes = np.concatenate([passes, theirs[parting]])
        features, from_row = features[place], from_row[place]
        from_row[parting, used[parting] - 1] = True
        used = used[place]
        node = np.where(passes, trees.passed[node[place]], trees.failed[node[place]])
        ended = node < 0
        done.append(ReachedLeaves(-1 - node[ended], features[ended], from_row[ended]))
        node, features, from_row, used = node[~ended], features[~ended], from_row[~ended], used[~ended]
    most = max(part.features.shape[1] for part in done)
    return ReachedLeaves(
        np.concatenate([part.leaf for part in done]),
        np.concatenate([_widen(part.features, -1, most) for part in done]),
        np.concatenate([_widen(part.from_row, 0, most) for part in done]),
    )


def _widen(array: np.ndarray, filler: int, width: int) -> np.ndarray:
    """The array with `width` columns."""
    wide = np.full((len(array), width), filler, dtype=array.dtype)
    wide[:, : array.shape[1]] = array
    return wide
