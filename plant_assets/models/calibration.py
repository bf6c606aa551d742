"""From scores to probabilities: Platt's sigmoid under a prior with few events, isotonic regression with many.

Belongs here: fitting calibrators and choosing the block that they are fitted on. Doesn't belong here:
thresholds (`plant_assets.validation.events`), estimators.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from plant_assets.features.arrays import Floats, Index, Labels

PRIOR = np.array([2.0, -1.0])
"""Log-odds a standard deviation of score is worth, and those of the middle score: from simulated plants."""
PRIOR_SPREAD = np.array([0.5, 1.0])
LEAST_SLOPE = 0.05
LATER_SHARES = (0.3, 0.4, 0.5)
LEAST_PER_CLASS = 5
ISOTONIC_ROWS = 1000
"""Rows below which isotonic regression overfits (Niculescu-Mizil & Caruana 2005)."""
ISOTONIC_DAYS = 30
"""Days in alarm, and days out of it, below which it does where rows depend on each other: docs/decisions/0025-isotonic.md."""
NEAREST = 0.05
"""Standard deviations of score between two knots: a steeper line would turn rounding into probabilities."""
TAIL = 10.0
"""Standard deviations of score for which a calibrator of knots rises on beyond them."""


class ScoreCalibration(ABC):
    """From scores to probabilities; higher scores never have lower probabilities."""

    kind: ClassVar[Literal["platt", "isotonic"]]

    @abstractmethod
    def probability(self, scores: Floats) -> Floats:
        """Probabilities (rows,) of scores (rows,)."""

    @abstractmethod
    def score(self, probabilities: Floats) -> Floats:
        """The scores that probabilities, inside (0, 1), come from."""


@dataclass(frozen=True, slots=True)
class IsotonicScaling(ScoreCalibration):
    """Straight lines between knots, level beyond the ends; the knots rise, so that only there two scores tie."""

    kind = "isotonic"
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def probability(self, scores: Floats) -> Floats:
        return np.interp(scores, self.scores, self.probabilities)

    def score(self, probabilities: Floats) -> Floats:
        return np.interp(probabilities, self.probabilities, self.scores)


@dataclass(frozen=True, slots=True)
class PlattScaling(ScoreCalibration):
    """probability = 1 / (1 + exp(-(slope * score + intercept))), slope > 0 (Platt 1999)."""

    kind = "platt"
    slope: float
    intercept: float

    def probability(self, scores: Floats) -> Floats:
        return sigmoid(self.slope * scores + self.intercept)

    def score(self, probabilities: Floats) -> Floats:
        return (np.log(probabilities) - np.log1p(-probabilities) - self.intercept) / self.slope


@dataclass(frozen=True, slots=True)
class LaterBlock:
    """Training rows to fit on, and a later block to calibrate on, with the gap between them left out."""

    earlier: Index
    later: Index


def sigmoid(values: Floats) -> Floats:
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)


def fit_calibrator(scores: Floats, labels: Labels, rows_per_day: float) -> ScoreCalibration:
    """Isotonic regression where the rows are many enough for it, Platt's sigmoid otherwise; takes what these take."""
    if has_many_rows(labels, rows_per_day):
        return fit_isotonic(scores, labels, rows_per_day)
    return fit_platt(scores, labels, rows_per_day)


def has_many_rows(labels: Labels, rows_per_day: float) -> bool:
    """Whether a block is large enough for isotonic regression: in rows, and in days of either class."""
    fewer = min(int(labels.sum()), len(labels) - int(labels.sum()))
    return len(labels) >= ISOTONIC_ROWS and fewer >= ISOTONIC_DAYS * rows_per_day


def fit_isotonic(scores: Floats, labels: Labels, rows_per_day: float) -> IsotonicScaling:
    """Centred isotonic regression (Oron & Flournoy 2017): one knot for each level, at its rows' mean score.

    Between knots it rises, where plain isotonic regression is level and ties what the model tells apart. No level is
    surer than half a day's rows among all of them, and beyond the outer knots log-odds go on by `LEAST_SLOPE` a
    standard deviation of score: ranks never change.

    Args:
        scores: scores of rows that the model wasn't fitted on; (rows,).
        labels: 0/1 of the same rows, of both classes.
        rows_per_day: rows that count as one independent observation.
    """
    from sklearn.isotonic import isotonic_regression

    at, place, weight = np.unique(scores, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=labels) / weight
    surest = 0.5 / (len(scores) / rows_per_day + 1)
    level = np.clip(isotonic_regression(share, sample_weight=weight), surest, 1 - surest)
    values, group = np.unique(level, return_inverse=True)
    sizes = np.bincount(group, weights=weight).astype(np.float64)
    spread = float(scores.std()) or 1.0
    knots, values = _apart(np.bincount(group, weights=at * weight) / sizes, values, sizes, NEAREST * spread)
    reach = TAIL * spread
    margins = np.log(values / (1 - values))[[0, -1]] + np.array([-TAIL, TAIL]) * LEAST_SLOPE
    ends = sigmoid(margins)
    return IsotonicScaling(
        (float(knots[0] - reach), *knots.tolist(), float(knots[-1] + reach)),
        (float(ends[0]), *values.tolist(), float(ends[1])),
    )


def _apart(knots: Floats, values: Floats, sizes: Floats, least: float) -> tuple[Floats, Floats]:
    """Knots at least so far from each other: nearer ones become their mean by size."""
    found = [(knots[0] * sizes[0], values[0] * sizes[0], sizes[0])]
    for knot, value, size in zip(knots[1:], values[1:], sizes[1:], strict=True):
        at, level, weight = found[-1]
        if knot - at / weight < least:
            found[-1] = (at + knot * size, level + value * size, weight + size)
        else:
            found.append((knot * size, value * size, size))
    at, level, weight = np.array(found).T
    return at / weight, level / weight


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
