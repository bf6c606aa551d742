"""SMOTE: synthetic alarm rows between real ones, for the training split only (Chawla et al. 2002).

Synthetic rows have no time of their own: the result carries no timestamp, so it can't end up on a
timeline or in a walk-forward. It lowers ranking on the real unit (docs/decisions/0004-champion.md), so
no calibrated model learns from it.
"""

import numpy as np
import polars as pl

from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.preprocess import Preprocessor
from plant_assets.profile.model import PlantProfile

NEIGHBOURS = 5
TRAIN_SHARE = 0.8


def training_split(n_rows: int, profile: PlantProfile) -> np.ndarray:
    """Row positions of the training split: the first 80 % of rows less the gap."""
    stop = int(n_rows * TRAIN_SHARE) - profile.steps(profile.validation.gap)
    if stop < 1:
        raise TrainingDataError(f"{n_rows} rows: too few for a training split of 80 % less the gap")
    return np.arange(stop)


def smote_features(inputs: TrainingInputs, profile: PlantProfile) -> pl.DataFrame:
    """The training split's features with synthetic alarm rows until both classes are equal in number.

    Returns:
        Feature columns (imputed, in their units), `anomaly_label` Int8 and `synthetic` Boolean; no
        timestamp. Without two alarm rows to go between, the real rows only.
    """
    split = training_split(inputs.labelled.height, profile)
    names = inputs.names("features")
    rows, labels = inputs.matrix("features")[split], inputs.labels[split]
    scale = Preprocessor.fit(rows, names)
    made = smote(scale.transform(rows), labels, profile.validation.seed) * scale.scale + scale.center
    table = pl.DataFrame(np.vstack([scale.impute(rows), made]), schema=list(names), orient="row")
    everyone = np.concatenate([labels, np.ones(len(made), np.int8)])
    return table.with_columns(
        pl.Series("anomaly_label", everyone, pl.Int8),
        pl.Series("synthetic", np.arange(len(everyone)) >= len(labels)),
    )


def smote(rows: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Synthetic alarm rows (made, features), as many as alarms are missing to balance the classes.

    Args:
        rows: scaled training rows without NaN.
        labels: 0/1 of the same rows.
        seed: of the draw.
    """
    alarms = rows[labels == 1]
    missing = int((labels == 0).sum()) - len(alarms)
    if len(alarms) < 2 or missing <= 0:
        return np.empty((0, rows.shape[1]))
    from imblearn.over_sampling import SMOTE

    sampler = SMOTE(random_state=seed, k_neighbors=min(NEIGHBOURS, len(alarms) - 1))
    balanced = sampler.fit_resample(rows, labels)[0]
    return np.asarray(balanced, dtype=np.float64)[len(rows) :]
