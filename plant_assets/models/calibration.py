"""From scores to probabilities with few events: Platt's sigmoid under a prior.

Belongs here: fitting calibrators and choosing the block that they are fitted on. Doesn't belong here:
thresholds (`plant_assets.validation.events`), estimators.
"""

from dataclasses import dataclass

import numpy as np

from plant_assets.features.arrays import Floats, Index, Labels

PRIOR = np.array([2.0, -1.0])
"""Log-odds a standard deviation of score is worth, and those of the middle score: from simulated plants."""
PRIOR_SPREAD = np.array([0.5, 1.0])
LEAST_SLOPE = 0.05
LATER_SHARES = (0.3, 0.4, 0.5)
LEAST_PER_CLASS = 5


@dataclass(frozen=True, slots=True)
class PlattScaling:
    """probability = 1 / (1 + exp(-(slope * score + intercept))), slope > 0 (Platt 1999)."""

    slope: float
    intercept: float

    def probability(self, scores: Floats) -> Floats:
        return sigmoid(self.slope * scores + self.intercept)

    def score(self, probabilities: Floats) -> Floats:
        """The scores that probabilities, inside (0, 1), come from."""
        return (np.log(probabilities) - np.log1p(-probabilities) - self.intercept) / self.slope


@dataclass(frozen=True, slots=True)
class LaterBlock:
    """Training rows to fit on, and a later block to calibrate on, with the gap between them left out."""

    earlier: Index
    later: Index


def sigmoid(values: Floats) -> Floats:
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)


def fit_platt(scores: Floats, labels: Labels, rows_per_day: float) -> PlattScaling:
    """The most probable sigmoid given few, dependent rows.

    Hours of one event are one observation, not fifty: rows are discounted to days. Scores are
    standardised, and the prior says that one standard deviation of score is worth 2 ± 0.5 in log-odds and
    that the middle score means -1 ± 1 (27 %). With a handful of events the prior leads; many of them
    overrule it. The slope stays positive, so ranks never change.

    Args:
        scores: scores of rows that the model wasn't fitted on; (rows,).
        labels: 0/1 of the same rows; may hold one class only.
        rows_per_day: rows that count as one independent observation.
    """
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    design = np.column_stack([(scores - middle) / spread, np.ones(len(scores))])
    weights = _most_probable(design, labels, rows_per_day)
    slope = max(float(weights[0]), LEAST_SLOPE)
    return PlattScaling(slope / spread, float(weights[1]) - slope * middle / spread)


def _most_probable(design: Floats, labels: Labels, rows_per_day: float) -> Floats:
    """Newton steps down the negative log posterior, halved until they lower it."""
    precision: Floats = np.asarray(PRIOR_SPREAD**-2.0)

    def loss(weights: Floats) -> float:
        margins = design @ weights
        misfit = (np.logaddexp(0.0, margins) - labels * margins).sum() / rows_per_day
        return float(misfit + (precision * (weights - PRIOR) ** 2).sum() / 2)

    weights: Floats = PRIOR.copy()
    for _ in range(100):
        fitted = sigmoid(design @ weights)
        gradient = design.T @ (fitted - labels) / rows_per_day + precision * (weights - PRIOR)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design / rows_per_day
        step: Floats = np.linalg.solve(curvature + np.diag(precision), gradient).astype(np.float64)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-12:
            step = 0.5 * step
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return weights


def later_block(labels: Labels, gap: int) -> LaterBlock | None:
    """Cut training rows into an earlier part and a later block that both hold both classes.

    Tries the last 30, 40, then 50 % of rows; each part needs five rows of each class. None if no cut
    does: the caller falls back and records it.

    Args:
        labels: 0/1 of training rows in time order.
        gap: rows left out between the parts, so that no feature window spans both.
    """
    for share in LATER_SHARES:
        start = round(len(labels) * (1 - share))
        block = LaterBlock(np.arange(max(start - gap, 0)), np.arange(start, len(labels)))
        if all(_both_classes(labels[part]) for part in (block.earlier, block.later)):
            return block
    return None


def _both_classes(labels: Labels) -> bool:
    return min(int(labels.sum()), len(labels) - int(labels.sum())) >= LEAST_PER_CLASS
