"""Scores of the baselines that are fitted: clock, one tag's limit, PCA. NumPy only, a few lines each."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plant_assets.features.arrays import Floats, Index
from plant_assets.validation.metrics import pr_auc

Clock = NDArray[np.int64]
_HOURS, _DAYS = 24, 7


def clock_probability(clock: Clock, target: Floats, train: Index) -> Floats:
    """Logistic regression on hour of day and weekday (one-hot, ridge 1), fitted on training rows.

    Args:
        clock: hour 0 … 23 and weekday 0 … 6 per row; shape `[rows, 2]`.
        target: 0/1 per row, without NaN in training rows.
        train: positions to fit on.

    Returns:
        A probability per row; NaN without a training row.
    """
    if not len(train):
        return np.full(len(clock), np.nan)
    design = np.zeros((len(clock), _HOURS + _DAYS + 1))
    rows = np.arange(len(clock))
    design[rows, clock[:, 0]] = design[rows, _HOURS + clock[:, 1]] = design[:, -1] = 1
    return _sigmoid(design @ _ridge_logistic(design[train], target[train]))


def _ridge_logistic(design: Floats, target: Floats, rounds: int = 25) -> Floats:
    """Newton's method; the last column, the intercept, isn't penalized."""
    penalty = np.ones(design.shape[1])
    penalty[-1] = 1e-6
    weights = np.zeros(design.shape[1])
    for _ in range(rounds):
        fitted = _sigmoid(design @ weights)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, design.T @ (target - fitted) - penalty * weights)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _sigmoid(value: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))


def one_tag_distance(readings: Floats, target: Floats, normal: Index, train: Index) -> Floats:
    """Robust distance of one tag from its normal median; the tag that ranks training rows best.

    Args:
        readings: values per row and tag; NaN = no value.
        target: 0/1 per row, without NaN in training rows.
        normal: training rows in normal operation, for median and spread.
        train: training rows, for the choice of the tag (the first one if there's no alarm to learn from).

    Returns:
        Distances in (1.4826 × MAD) per row; higher = further from normal; NaN where the tag has no value.
    """
    if not len(normal):
        return np.full(len(readings), np.nan)
    distance = np.abs(readings - _columns(np.nanmedian, readings[normal]))
    spread = 1.4826 * _columns(np.nanmedian, distance[normal])
    distance /= np.where(spread > 0, spread, np.nan)
    told = [pr_auc(target[train], column) for column in distance[train].T]
    return distance[:, int(np.argmax(np.nan_to_num(told, nan=-1.0)))]


def hotelling_and_residual(readings: Floats, normal: Index, explained: float = 0.9) -> Floats:
    """T² and SPE of a PCA of normal training rows, each over its 99 % quantile there, summed.

    Readings are standardized with the normal rows' mean and deviation; a missing value takes the mean.
    T² is the squared distance within the kept components, SPE the squared distance from them (Jackson
    and Mudholkar, 1979).

    Args:
        readings: values per row and tag; NaN = no value.
        normal: training rows in normal operation.
        explained: share of variance that the kept components explain.

    Returns:
        Higher = further from normal; NaN with fewer than two normal rows or no tag that varies.
    """
    nothing = np.full(len(readings), np.nan)
    if len(normal) < 2:
        return nothing
    mean, deviation = _columns(np.nanmean, readings[normal]), _columns(np.nanstd, readings[normal])
    varies = deviation > 0
    if not varies.any():
        return nothing
    scaled = np.nan_to_num(((readings - mean) / np.where(varies, deviation, 1))[:, varies])
    variance, directions = np.linalg.eigh(np.cov(scaled[normal], rowvar=False).reshape(varies.sum(), -1))
    variance, directions = variance[::-1], directions[:, ::-1]
    kept = int(np.searchsorted(np.cumsum(variance) / variance.sum(), explained)) + 1
    within = scaled @ directions[:, :kept]
    t2 = (within**2 / np.maximum(variance[:kept], 1e-12)).sum(axis=1)
    spe = ((scaled - within @ directions[:, :kept].T) ** 2).sum(axis=1)
    return _over_limit(t2, normal) + _over_limit(spe, normal)


def _over_limit(statistic: Floats, normal: Index) -> Floats:
    limit = np.quantile(statistic[normal], 0.99)
    return statistic / limit if limit > 1e-12 else np.zeros_like(statistic)


def _columns(statistic: Callable[..., Floats], values: Floats) -> Floats:
    """A statistic per column, NaN (without a warning) for a column without any value."""
    found = np.full(values.shape[1], np.nan)
    some = ~np.isnan(values).all(axis=0)
    if some.any():
        found[some] = statistic(values[:, some], axis=0)
    return found
