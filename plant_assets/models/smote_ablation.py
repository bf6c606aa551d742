"""The ablation of SMOTE: LightGBM that learns from balanced rows, beside the candidate that doesn't.

Belongs here: its training and its figures. Doesn't belong here: making the rows (`resampling.py`), the comparison with
intervals (`plant_assets.validation.ablation`).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from plant_assets.models.fitting import LearntRows, fit_on_table
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.nowcast_training import walk_nowcast
from plant_assets.models.scoring import walk_metrics
from plant_assets.models.spec import LGBM_SMOTE, LGBM_SOFT_ALARM, SMOTE_ABLATION
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.oof import join_oof

COMPARED = ("pr_auc", "roc_auc", "brier", "calibration_slope")


def train_smote_ablation(table: pl.DataFrame, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Fit LightGBM on the rows of `smote_features`; its out-of-fold rows balance each fold's training rows by themselves.

    Walks that were done on `inputs` before are used again. Its figures have those of the candidate without SMOTE
    beside them, as `without.pr_auc`, on the same rows.

    Args:
        table: as `resampling.smote_features` makes it of `inputs`.
        inputs: the tables; both classes are labelled.
        profile: folds, gap, budget and seed.

    Raises:
        TrainingDataError: the table's features aren't those of `inputs`.
    """
    fit = fit_on_table(SMOTE_ABLATION, inputs, _learnt_rows(table, inputs.names("features")), profile)
    walked = {
        spec: join_oof(walk_nowcast(spec, inputs, profile).answers) for spec in (LGBM_SMOTE, LGBM_SOFT_ALARM)
    }
    figures, without = (walk_metrics(spec, oof, inputs, profile) for spec, oof in walked.items())
    return TrainedModel(
        spec=SMOTE_ABLATION,
        model=fit.model,
        oof=walked[LGBM_SMOTE],
        metrics={
            **figures,
            **{f"without.{name}": without[name] for name in COMPARED if name in without},
            **{f"final.{name}": value for name, value in fit.notes.items()},
        },
        params={
            "builder": SMOTE_ABLATION.builder,
            "learning_mode": SMOTE_ABLATION.learning_mode,
            "features": len(fit.model.feature_names),
            "calibration": fit.model.calibration,
            "rows": inputs.labelled.height,
            "real_rows_learnt": int((~table["synthetic"]).sum()),
            "synthetic_rows_learnt": int(table["synthetic"].sum()),
            "seed": profile.validation.seed,
            "without": LGBM_SOFT_ALARM.name,
        },
        notes=(_sentence(figures, without),),
        builder=SMOTE_ABLATION.builder,
    )


def _learnt_rows(table: pl.DataFrame, names: Sequence[str]) -> LearntRows:
    if missing := [name for name in names if name not in table.columns]:
        raise TrainingDataError(
            f"smote_features: no {missing[0]}; expected every feature of the training tables"
        )
    rows = table.select(names).to_numpy().astype(np.float64)
    return LearntRows(np.ascontiguousarray(rows), table["anomaly_label"].to_numpy())


def _sentence(figures: dict[str, float], without: dict[str, float]) -> str:
    pairs = [
        f"{words} {figures[name]:.3f} ({without[name]:.3f} without)"
        for name, words in (("pr_auc", "PR-AUC"), ("brier", "Brier score"))
        if name in figures and name in without
    ]
    return f"ablation of SMOTE, never served: {', '.join(pairs) or 'no figures'}"
