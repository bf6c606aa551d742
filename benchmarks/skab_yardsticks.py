"""What anybody could do with SKAB in a few lines: PCA and Mahalanobis distance on means of the newest readings.

Belongs here: these methods alone. Their settings are those that come nearest to the yardsticks' documented figures.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from plant_assets.features.arrays import Floats

EXPLAINED = 0.8
QUANTILE = 0.995
TIMES = 2.0
_TINY = 1e-12


def pca_statistics(values: Floats, training: int) -> Floats:
    """T2 and SPE of a PCA on means of 10 readings, each over its 99.5 % quantile in training; their mean less 2.

    Args:
        values: readings `[rows, tags]` in time order.
        training: how many of the first rows to fit on.

    Returns:
        A number per row; an alarm at 0 and above.
    """
    means = trailing_means(values, 10)
    fitted = means[:training]
    scaled = (means - fitted.mean(axis=0)) / np.maximum(fitted.std(axis=0), _TINY)
    variances, axes = np.linalg.eigh(np.cov(scaled[:training], rowvar=False))
    variances, axes = variances[::-1], axes[:, ::-1]
    kept = int(np.searchsorted(np.cumsum(variances) / variances.sum(), EXPLAINED)) + 1
    within = scaled @ axes[:, :kept]
    t2 = (within**2 / np.maximum(variances[:kept], _TINY)).sum(axis=1)
    spe = ((scaled - within @ axes[:, :kept].T) ** 2).sum(axis=1)
    return (_over_limit(t2, training) + _over_limit(spe, training)) / 2 - TIMES


def mahalanobis(values: Floats, training: int) -> Floats:
    """Mahalanobis distance of means of 20 readings over its 99.5 % quantile in training, less 2; as above."""
    means = trailing_means(values, 20)
    away = means - means[:training].mean(axis=0)
    inverse = np.linalg.pinv(np.cov(means[:training], rowvar=False))
    return _over_limit(np.sqrt(np.einsum("ij,jk,ik->i", away, inverse, away)), training) - TIMES


def always(values: Floats, training: int) -> Floats:
    """An alarm at every row."""
    del training
    return np.zeros(len(values))


def trailing_means(values: Floats, rows: int) -> Floats:
    """Means of the newest `rows` rows, of fewer at the beginning."""
    return pl.DataFrame(values).select(pl.all().rolling_mean(rows, min_samples=1)).to_numpy()


def _over_limit(statistic: Floats, training: int) -> Floats:
    return statistic / max(float(np.quantile(statistic[:training], QUANTILE)), _TINY)


YARDSTICKS: dict[str, Callable[[Floats, int], Floats]] = {
    "PCA T²/SPE, means of 10 readings": pca_statistics,
    "Mahalanobis, means of 20 readings": mahalanobis,
    "always alarm": always,
}
