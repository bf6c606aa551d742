"""Medians for what is missing and a robust scale, both learnt from training rows only."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from plant_assets.features.arrays import Floats

STILL = 1e-3
"""Scale of a feature that never moved in training, in its unit: that it moves at all is news, whatever the unit."""
_SMALLEST_SCALE = 1e-9
_BLOCKS = 8
_WEIGHT = 10.0


def wander(rows: Floats) -> Floats:
    """How much more a feature moves from one stretch of time to another than within them; (features,), at least 1.

    sqrt(1 + 10 B/W): B is the variance of the means of eight blocks of time, W the mean variance within them, at least
    1 % of B. What wandered while it was learned will wander on, and a distance in it says less. The factor and its 10
    are our own: docs/decisions/0018-wander.md.

    Args:
        rows: of training (rows, features), in time order, without NaN.
    """
    blocks = np.array_split(rows, min(_BLOCKS, len(rows)))
    between = np.var([block.mean(axis=0) for block in blocks], axis=0)
    within = np.mean([block.var(axis=0) for block in blocks], axis=0)
    share = np.divide(
        between, np.maximum(within, between / 100), out=np.zeros_like(between), where=between > 0
    )
    return np.sqrt(1 + _WEIGHT * share)


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Plain arrays, one number a feature.

    Attributes:
        feature_names: the columns of `transform`'s input, in order.
        medians: what stands in for NaN or infinity; 0 for a feature without any value.
        center: median after imputation, in the feature's unit.
        scale: inter-quartile range after imputation; the standard deviation where that is 0, else 1. For unsupervised
            scores times the feature's `wander`, and `STILL` for one that never moved.
    """

    feature_names: tuple[str, ...]
    medians: Floats
    center: Floats
    scale: Floats

    @classmethod
    def fit(cls, rows: Floats, feature_names: tuple[str, ...], *, discounts_wander: bool = False) -> Self:
        """Learn from training rows (rows, features) in time order; NaN is missing."""
        known = np.where(np.isfinite(rows), rows, np.nan)
        medians = np.zeros(rows.shape[1])
        some = ~np.isnan(known).all(axis=0)
        medians[some] = np.nanmedian(known[:, some], axis=0)
        filled = np.where(np.isnan(known), medians, known)
        low, center, high = np.percentile(filled, [25, 50, 75], axis=0)
        deviation = filled.std(axis=0)
        scale = np.where(high - low > _SMALLEST_SCALE, high - low, deviation)
        moved = scale > _SMALLEST_SCALE
        factor, still = (wander(filled), STILL) if discounts_wander else (1.0, 1.0)
        return cls(feature_names, medians, center, np.where(moved, scale * factor, still))

    def impute(self, rows: Floats) -> Floats:
        return np.where(np.isfinite(rows), rows, self.medians)

    def transform(self, rows: Floats) -> Floats:
        """Imputed, centred and scaled rows; (rows, features), no NaN.

        Raises:
            ValueError: another number of features than it was fitted on.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):
            raise ValueError(f"expected rows of {len(self.feature_names)} features, got shape {rows.shape}")
        return (self.impute(rows) - self.center) / self.scale
