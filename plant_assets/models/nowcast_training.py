"""Walk-forward of nowcasts and anomaly models, and the figures of all that judge the row itself."""

import numpy as np

from plant_assets.features.arrays import Index
from plant_assets.models.fitting import ModelFit, fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.scoring import walk_metrics
from plant_assets.models.spec import ModelSpec
from plant_assets.models.walk_forward import (
    AlarmWalk,
    TrainedModel,
    WalkForward,
    fallback_notes,
    fallback_reason,
    walk_folds,
)
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.oof import join_oof


def train_nowcast(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Walk a nowcast or anomaly model forward, then fit it on all rows."""
    return nowcast_result(spec, walk_nowcast(spec, inputs, profile), inputs, profile)


def walk_nowcast(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> AlarmWalk:
    """The walk-forward of a nowcast or anomaly model; asked again for the same tables it gives the first answer."""
    done = inputs.walks.get((spec, profile))
    if not isinstance(done, WalkForward):
        rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
        labels = inputs.labels if inputs.has_labels else None

        def fit(part: Index) -> ModelFit:
            return fit_nowcast(spec, names, rows[part], None if labels is None else labels[part], profile)

        # Of an ablation its folds alone are asked for.
        done = inputs.walks[(spec, profile)] = walk_folds(
            spec, fit, alarm_truth(inputs), inputs, profile, refits=not spec.resampled
        )
    return done


def alarm_truth(inputs: TrainingInputs) -> np.ndarray:
    """Whether each row is an alarm, as float64 (rows,); NaN where nothing is labelled."""
    return inputs.labels.astype(np.float64) if inputs.has_labels else np.full(len(inputs.labels), np.nan)


def nowcast_result(
    spec: ModelSpec, walked: AlarmWalk, inputs: TrainingInputs, profile: PlantProfile
) -> TrainedModel:
    """The result of a walk-forward, with its figures."""
    notes = fallback_notes(spec, walked)
    if not inputs.has_labels:
        notes = (*notes, f"plant {profile.name} has no labels: unsupervised, uncalibrated, no figures")
    oof = join_oof(walked.answers)
    return TrainedModel(
        spec=spec,
        model=walked.final.model,
        oof=oof,
        metrics={
            **walk_metrics(spec, oof, inputs, profile),
            **{f"final.{name}": value for name, value in walked.final.notes.items()},
            "folds_with_fallback": float(sum(bool(fallback_reason(fit)) for fit in walked.fits)),
        },
        params={
            "builder": spec.builder,
            "learning_mode": spec.learning_mode,
            "features": len(walked.final.model.feature_names),
            "calibration": walked.final.model.calibration,
            "rows": inputs.labelled.height,
            "seed": profile.validation.seed,
            **(profile.isolation_forest.model_dump() if spec.task == "anomaly" else {}),
        },
        notes=notes,
        builder=spec.builder,
    )
