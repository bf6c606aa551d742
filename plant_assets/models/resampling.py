"""SMOTE: synthetic alarm rows between real ones, for the training split only (Chawla et al. 2002).

Synthetic rows have no time of their own: the result carries no timestamp, so it can't end up on a
timeline or in a walk-forward. It lowers ranking on the real unit (docs/decisions/0004-champion.md), so
no model that serves learns from it; `smote_ablation.py` trains the one that shows it.
"""

import numpy as np
import polars as pl

from plant_assets.features.arrays import Index, Labels
from plant_assets.models.calibration import later_block
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.preprocess import Preprocessor
from plant_assets.profile.model import PlantProfile

NEIGHBOURS = 5


def training_split(labels: Labels, profile: PlantProfile) -> Index:
    """Row positions that a supervised model learns from: those before the block that calibrates it, less the gap.

    All of them where no later block holds both classes, as in its fit.

    Args:
        labels: 0/1 of all rows in time order.
        profile: its gap.
    """
    block = later_block(labels, profile.steps(profile.validation.gap))
    return np.arange(len(labels)) if block is None else block.earlier


def smote_features(inputs: TrainingInputs, profile: PlantProfile) -> pl.DataFrame:
    """The training split's features with synthetic alarm rows until both classes are equal in number.

    Returns:
        Feature columns (imputed, in their units), `anomaly_label` Int8 and `synthetic` Boolean; no
        timestamp. Without two alarm rows to go between, the real rows only.
    """
    split = training_split(inputs.labels, profile)
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
