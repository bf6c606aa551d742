"""Metrics of ranking and of probabilities, in NumPy; equal to scikit-learn's where it has them.

Undefined values (one class only, no rows) are NaN rather than an error or a flattering number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plant_assets.features.arrays import Floats

_CLIP = 1e-6


@dataclass(frozen=True, slots=True)
class RankingCurve:
    """Points of a ROC curve (x = false positive rate) or of a PR curve (x = recall)."""

    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows whose probability lies in one tenth: their mean probability and observed share."""

    low: float
    high: float
    count: int
    mean_probability: float
    observed: float


def _counts(y: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    """True and false positives at each distinct score, from the highest down; rows without score drop."""
    truth, values = _pair(y, score)
    order = np.argsort(-values, kind="stable")
    truth, values = truth[order], values[order]
    last = np.flatnonzero(np.append(np.diff(values) != 0, True)) if len(values) else np.array([], np.intp)
    hits = np.cumsum(truth)[last]
    return hits, last + 1.0 - hits


def _pair(y: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    truth = np.asarray(y, dtype=np.float64).ravel()
    values = np.asarray(score, dtype=np.float64).ravel()
    if truth.shape != values.shape:
        raise ValueError(f"expected as many scores as labels, got {len(values)} and {len(truth)}")
    known = ~(np.isnan(truth) | np.isnan(values))
    return truth[known], values[known]


def roc_curve(y: ArrayLike, score: ArrayLike) -> RankingCurve:
    """ROC curve from (0, 0) to (1, 1); empty if only one class is present."""
    hits, false = _counts(y, score)
    if not len(hits) or hits[-1] == 0 or false[-1] == 0:
        return RankingCurve(np.array([]), np.array([]))
    return RankingCurve(np.append(0.0, false / false[-1]), np.append(0.0, hits / hits[-1]))


def pr_curve(y: ArrayLike, score: ArrayLike) -> RankingCurve:
    """Precision over recall, from the highest score down; empty without positives."""
    hits, false = _counts(y, score)
    if not len(hits) or hits[-1] == 0:
        return RankingCurve(np.array([]), np.array([]))
    return RankingCurve(hits / hits[-1], hits / (hits + false))


def roc_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; NaN if only one class is present."""
    curve = roc_curve(y, score)
    return float(np.trapezoid(curve.y, curve.x)) if len(curve.x) else float("nan")


def pr_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Average precision (the step-wise area under the PR curve); NaN without positives."""
    curve = pr_curve(y, score)
    return float(np.sum(np.diff(curve.x, prepend=0.0) * curve.y)) if len(curve.x) else float("nan")


def f1(y: ArrayLike, alarm: ArrayLike) -> float:
    """Harmonic mean of precision and recall of 0/1 alarms; NaN where nothing is positive at all."""
    truth, said = _pair(y, np.asarray(alarm, dtype=np.float64))
    total = truth.sum() + said.sum()
    return float(2 * (truth * said).sum() / total) if total else float("nan")


def brier(y: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared error of the probability; lower is better."""
    truth, values = _pair(y, probability)
    return float(np.mean((values - truth) ** 2)) if len(truth) else float("nan")


def brier_skill(y: ArrayLike, probability: ArrayLike, reference: ArrayLike | None = None) -> float:
    """1 - Brier / Brier of the reference; 0 = no better than it, negative = worse.

    Args:
        y: 0/1 labels.
        probability: calibrated probabilities.
        reference: probabilities to beat; default the base rate of the same rows, which is a strict one
            as nobody knows it beforehand.
    """
    truth, values = _pair(y, probability)
    if not len(truth):
        return float("nan")
    other = np.full_like(truth, truth.mean()) if reference is None else _pair(y, reference)[1]
    base = brier(truth, other)
    return 1 - brier(truth, values) / base if base else float("nan")


def calibration_line(y: ArrayLike, probability: ArrayLike, rounds: int = 50) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of y on logit(probability) (Cox, 1958).

    1 and 0 for a calibrated model; a slope below 1 is overconfident. (NaN, NaN) if only one class is
    present, the probability is constant, or the two classes are fully separated.
    """
    truth, values = _pair(y, probability)
    if len(truth) < 2 or truth.min() == truth.max() or np.ptp(values) < _CLIP:
        return float("nan"), float("nan")
    clipped = np.clip(values, _CLIP, 1 - _CLIP)
    design = np.column_stack([np.log(clipped / (1 - clipped)), np.ones(len(truth))])
    weights = np.zeros(2)
    for _ in range(rounds):
        fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design
        if not np.isfinite(curvature).all() or np.linalg.cond(curvature) > 1e12:
            return float("nan"), float("nan")
        step = np.linalg.solve(curvature, design.T @ (truth - fitted))
        weights = weights + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            return float(weights[0]), float(weights[1])
    return float("nan"), float("nan")


def reliability(y: ArrayLike, probability: ArrayLike, bins: int = 10) -> list[ReliabilityBin]:
    """Mean probability and observed share per bin of equal width; empty bins are left out."""
    truth, values = _pair(y, probability)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
    return [
        ReliabilityBin(
            float(edges[i]),
            float(edges[i + 1]),
            int(rows.sum()),
            float(values[rows].mean()),
            float(truth[rows].mean()),
        )
        for i in range(bins)
        if (rows := place == i).any()
    ]
