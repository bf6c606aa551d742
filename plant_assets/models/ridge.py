"""Ridge regression for a quantity close to noise: clipped in what it learns from, and given in part."""

from typing import Self

import numpy as np

from plant_assets.features.arrays import Flags, Floats, Labels
from plant_assets.models.fitted import Estimator

CLIP = 3.0
"""Scaled features and targets beyond so many spreads are cut while fitting: single upsets don't steer it."""


class Ridge(Estimator):
    """Linear least squares with an L2 penalty, fitted on clipped rows; the score is a signed deviation.

    Attributes:
        penalty: of the squared coefficients of scaled features.
        share: how much of the answer is given; 0 answers zero.
        used: which features get a coefficient; (features,).
    """

    kind = "ridge"

    def __init__(self, penalty: float, share: float, used: Flags) -> None:
        self.penalty = penalty
        self.share = share
        self.used = used
        self.coefficients = np.empty(0)
        self.intercept = 0.0

    def fit(self, rows: Floats, labels: Labels | Floats) -> Self:
        """Learn from scaled rows (rows, features) and their deviations (rows,), in the tag's unit."""
        design = np.clip(rows[:, self.used], -CLIP, CLIP)
        centre, middle = design.mean(axis=0), float(np.median(labels))
        spread = 1.4826 * float(np.median(np.abs(labels - middle))) or float(np.std(labels)) or 1.0
        wanted = np.clip(labels - middle, -CLIP * spread, CLIP * spread)
        design = design - centre
        gram = design.T @ design + self.penalty * np.eye(design.shape[1])
        solved = self.share * np.linalg.solve(gram, design.T @ wanted)
        self.coefficients = np.zeros(rows.shape[1])
        self.coefficients[self.used] = solved
        self.intercept = self.share * middle - float(centre @ solved)
        return self

    def score(self, rows: Floats) -> Floats:
        return rows @ self.coefficients + self.intercept
