"""Unsupervised scores of how unusual a row is; higher is more unusual.

They are fitted on all training rows, alarms included: labels lag and bracket the process (whole days), and
what is rare stays rare. docs/decisions/0004-champion.md has the figures for normal rows only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from plant_assets.bundle.scorers import share_off, soft_clip
from plant_assets.bundle.surprise import mean_deviation
from plant_assets.features.arrays import Floats, Index, Labels
from plant_assets.features.spec import MOVEMENT, kind_of
from plant_assets.models.fitted import UnsupervisedEstimator

if TYPE_CHECKING:
    from coniferest.isoforest import IsolationForest

TREES = 300
SAMPLED_ROWS = 256
"""Rows that each tree is grown on (Liu, Ting and Zhou 2008)."""
NEIGHBOURS = 10
MOST_STORED_ROWS = 2000
BOUND = 4.0
"""The most that one feature's distance from its centre counts, in its scales: docs/decisions/0019-bounded.md."""
FOREST_WEIGHTS = {True: 1.0, False: 0.5}
"""With labels and without."""
RESIDUALS_WEIGHT = 0.15
LEAST_SCALE = 1e-3
"""Of a member: one that said nearly the same of all held-out rows isn't a measure of thousands of deviations."""
_TINY = 1e-9


class IsolationScore(UnsupervisedEstimator):
    """How few random splits isolate a row (Liu, Ting and Zhou 2008); in (0, 1), 0.5 is usual."""

    kind = "isolation_forest"

    def __init__(self, seed: int, trees: int = TREES) -> None:
        self.seed = seed
        self.trees = trees
        self.model: IsolationForest | None = None

    def fit(self, rows: Floats, labels: Labels) -> Self:
        del labels
        from coniferest.isoforest import IsolationForest

        # A single row has no path; two equal ones score what is usual.
        grown = rows if len(rows) > 1 else np.repeat(rows, 2, axis=0)
        sampled = min(SAMPLED_ROWS, len(grown))
        depth = int(np.ceil(np.log2(sampled)))
        self.model = IsolationForest(self.trees, sampled, depth, n_jobs=1, random_seed=self.seed).fit(grown)
        return self

    def parts(self, rows: Floats) -> Floats:
        if self.model is None:
            raise RuntimeError("isolation forest: expected fit before score")
        return -self.model.score_samples(rows)[:, None]

    def standardise(self, reference: Floats) -> Self:
        del reference
        return self

    def combine(self, parts: Floats) -> Floats:
        return parts[:, 0]


class FeatureView:
    """Scores of rows in one view: how far the nearest training rows are, and how many features don't follow the rest.

    Args:
        columns: positions of the view's features.
        with_residuals: whether the second is asked.
    """

    def __init__(self, columns: Index, *, with_residuals: bool) -> None:
        self.columns = columns
        self.stored_rows = np.empty((0, len(columns)))
        self.neighbours = NEIGHBOURS
        self.residuals: FeatureResiduals | None = None
        self._with_residuals = with_residuals

    @property
    def weights(self) -> list[float]:
        return [1.0, RESIDUALS_WEIGHT] if self._with_residuals else [1.0]

    def fit(self, near: Floats) -> None:
        """Learn from bounded rows (rows, features)."""
        rows = near[:, self.columns]
        stride = -(-len(rows) // MOST_STORED_ROWS)
        self.stored_rows = rows[::-stride][::-1]
        self.neighbours = min(NEIGHBOURS, len(self.stored_rows))
        if self._with_residuals:
            self.residuals = FeatureResiduals.of(rows)

    def parts(self, near: Floats) -> list[Floats]:
        rows = near[:, self.columns]
        found = [np.log1p(nearest_distance(rows, self.stored_rows, self.neighbours))]
        if self.residuals is not None:
            found.append(share_off((rows - self.residuals.centre) @ self.residuals.directions))
        return found


@dataclass(frozen=True, slots=True)
class FeatureResiduals:
    """What says how far each feature is from what the others say: (row - centre) @ directions, in its own deviations.

    Directions are P / sqrt(diag P) of the precision matrix P: of a normal distribution feature j differs from its mean given
    all others by (P x)_j / P_jj, with variance 1 / P_jj. P is the inverse of the shrunk covariance of Ledoit and Wolf (2004), "A
    well-conditioned estimator for large-dimensional covariance matrices", which there is for fewer rows than features too.

    Attributes:
        centre: (features,).
        directions: (features, features); a column per residual.
    """

    centre: Floats
    directions: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        from sklearn.covariance import ledoit_wolf

        centre = rows.mean(axis=0)
        covariance = ledoit_wolf(rows - centre, assume_centered=True)[0]
        covariance[np.diag_indices_from(covariance)] += _TINY
        precision = np.linalg.inv(covariance)
        return cls(centre, precision / np.sqrt(np.diag(precision)))


class AnomalyEnsemble(UnsupervisedEstimator):
    """Weighted mean of several members' scores, each standardised on rows that it wasn't fitted on.

    | member | score | weight with labels | without |
    |---|---|---|---|
    | isolation forest | as `IsolationScore`, of scaled features | 1 | 0.5 |
    | neighbours, a view each | log1p of the mean distance to the 10 nearest training rows | 1 each | 1 each |
    | residuals, a view each | how many features aren't where the others say they are | | 0.15 each |

    With labels it is a plain mean, without it is taken by the members' surprise (`mean_deviation`): nobody says then what a
    fault looks like, and one that shows in one member alone counts. The views are where the plant stands and how it moves
    (`views_of`): a fault often shows in one of them, and the other would only add noise to its distances. All but the forest
    see bounded features, as one that left its usual place for good would outweigh all the rest. Why these:
    docs/decisions/0019-bounded.md and 0020-views.md.

    Args:
        views: positions of each view's features.
        labelled: whether the plant has labels; the fit itself takes none.
    """

    kind = "anomaly_ensemble"

    def __init__(self, seed: int, views: Sequence[Index], trees: int = TREES, *, labelled: bool) -> None:
        self.isolation = IsolationScore(seed, trees)
        self.views = tuple(FeatureView(columns, with_residuals=not labelled) for columns in views)
        self.by_surprise = not labelled
        weights = [FOREST_WEIGHTS[labelled], *(weight for view in self.views for weight in view.weights)]
        self.weights = np.array(weights) / sum(weights)
        self.centers = np.zeros(len(self.weights))
        self.scales = np.ones(len(self.weights))

    def fit(self, rows: Floats, labels: Labels) -> Self:
        self.isolation.fit(rows, labels)
        near = soft_clip(rows, BOUND)
        for view in self.views:
            view.fit(near)
        return self

    def parts(self, rows: Floats) -> Floats:
        forest, near = self.isolation.parts(rows), soft_clip(rows, BOUND)
        return np.column_stack([forest, *(part for view in self.views for part in view.parts(near))])

    def standardise(self, reference: Floats) -> Self:
        self.centers = reference.mean(axis=0)
        self.scales = np.maximum(reference.std(axis=0), LEAST_SCALE)
        return self

    def combine(self, parts: Floats) -> Floats:
        deviations = ((parts - self.centers) / self.scales).T
        return mean_deviation(deviations, self.weights) if self.by_surprise else self.weights @ deviations


def views_of(names: Sequence[str]) -> tuple[Index, ...]:
    """Positions of the features that say where the plant stands, and of those that say how it moves; none is empty.

    Spreads, ranges, differences and slopes are of movement; values, means, distances to the recent median or to a limit of
    where it stands.
    """
    moves = np.array([kind_of(name) in MOVEMENT for name in names], dtype=bool)
    return tuple(view for view in (np.flatnonzero(~moves), np.flatnonzero(moves)) if len(view))


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
