"""Medians for what is missing and a robust scale, both learnt from training rows only."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SMALLEST_SCALE = 1e-9


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Plain arrays, one number a feature.

    Attributes:
        feature_names: the columns of `transform`'s input, in order.
        medians: what stands in for NaN or infinity; 0 for a feature without any value.
        center: median after imputation, in the feature's unit.
        scale: inter-quartile range after imputation; the standard deviation where that is 0, else 1.
    """

    feature_names: tuple[str, ...]
    medians: Floats
    center: Floats
    scale: Floats

    @classmethod
    def fit(cls, rows: Floats, feature_names: tuple[str, ...]) -> Self:
        """Learn from training rows (rows, features); NaN is missing."""
        known = np.where(np.isfinite(rows), rows, np.nan)
        medians = np.zeros(rows.shape[1])
        some = ~np.isnan(known).all(axis=0)
        medians[some] = np.nanmedian(known[:, some], axis=0)
        filled = np.where(np.isnan(known), medians, known)
        low, center, high = np.percentile(filled, [25, 50, 75], axis=0)
        deviation = filled.std(axis=0)
        scale = np.where(high - low > _SMALLEST_SCALE, high - low, deviation)
        return cls(feature_names, medians, center, np.where(scale > _SMALLEST_SCALE, scale, 1.0))

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
