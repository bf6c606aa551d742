"""The regime classifier: normal, transition or alarm, by multinomial logistic regression."""

from typing import Self

import numpy as np

from plant_assets.features.arrays import Floats, Labels
from plant_assets.models.fitted import Estimator
from plant_assets.models.inputs import REGIMES
from plant_assets.models.nowcast import PENALTY


class MultinomialModel(Estimator):
    """L2 multinomial logistic regression with balanced classes.

    `score` gives probabilities (rows, 3) in the order of `REGIMES`; a regime that training rows never
    showed has probability 0.
    """

    kind = "multinomial"

    def __init__(self) -> None:
        self.coefficients = np.empty((0, 0))
        self.intercepts = np.empty(0)

    def fit(self, rows: Floats, labels: Labels) -> Self:
        """Learn from `labels` as indices into `REGIMES`, at least two of them present."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1 / PENALTY, class_weight="balanced", max_iter=300).fit(rows, labels)
        seen = [int(c) for c in model.classes_]
        weights, offsets = model.coef_, model.intercept_
        if len(seen) == 2:
            weights, offsets = np.vstack([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
        self.coefficients = np.zeros((len(REGIMES), rows.shape[1]))
        self.intercepts = np.full(len(REGIMES), NEVER)
        self.coefficients[seen] = weights
        self.intercepts[seen] = offsets
        return self

    def score(self, rows: Floats) -> Floats:
        margins = rows @ self.coefficients.T + self.intercepts
        powers = np.exp(margins - margins.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


NEVER = -1e3
"""Margin of a regime without training rows: finite, so that a bundle can hold it."""
