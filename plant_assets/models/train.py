"""Training a model by walk-forward, then on all rows: the one entrance for every kind of model.

Belongs here: the result's shape and the way through the folds. Doesn't belong here: estimators (one
family a file), forecasters and deviation (their own files, reached from `train`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from plant_assets.models.fitted import FittedModel
from plant_assets.models.fitting import Fit, fit_nowcast
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.scoring import nowcast_metrics
from plant_assets.models.spec import ModelSpec
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import debounce
from plant_assets.validation.folds import Fold, walk_forward
from plant_assets.validation.oof import join_oof, oof_rows


class NoLabelsError(TrainingDataError):
    """A supervised model asked of a plant where nothing is labelled."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model fitted on all rows, and what it answered out of fold.

    Attributes:
        spec: what was asked for.
        model: fitted on all rows; what a bundle holds.
        oof: out-of-fold table of the walk-forward; empty for a deviation.
        metrics: finite figures by name.
        params: what MLflow should show beside it.
        notes: sentences that a person must know, such as a fallback.
        builder: the estimator family that won, where the spec leaves it open.
        candidates: out-of-fold tables of all candidates, where several competed, and of their ablations.
    """

    spec: ModelSpec
    model: FittedModel
    oof: pl.DataFrame
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str | int | float | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    builder: str = ""
    candidates: pl.DataFrame | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.model.feature_names

    @property
    def threshold(self) -> float:
        return self.model.threshold


@dataclass(frozen=True, slots=True)
class WalkForward:
    """A model's fits and out-of-fold rows, fold by fold, and its fit on all rows."""

    spec: ModelSpec
    folds: tuple[Fold, ...]
    fits: tuple[Fit, ...]
    oof: pl.DataFrame
    final: Fit


def train(
    spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile, metric: str = "pr_auc"
) -> TrainedModel:
    """Train one model: walk-forward for its figures, all rows for what answers.

    Args:
        spec: from `model_specs(profile)`.
        inputs: aligned tables.
        profile: folds, gap, seed, budget.
        metric: what the champion is chosen by, `pr_auc` or `brier_skill`.

    Raises:
        NoLabelsError: the model needs labels and the plant has none.
        TrainingDataError: the tables don't fit.
        NotEnoughRowsError: fewer rows than the folds need.
    """
    if reason := untrainable([spec], profile, has_labels=inputs.has_labels):
        raise NoLabelsError(f"{spec.name}: {reason[spec.name]}")
    match spec.task:
        case "onset":
            from plant_assets.models.forecast import train_forecaster

            return train_forecaster(spec, inputs, profile)
        case "deviation":
            from plant_assets.models.deviation import train_deviation

            return train_deviation(spec, inputs, profile)
        case "regime":
            from plant_assets.models.regime_training import train_regime

            return train_regime(spec, inputs, profile)
    if spec.builder == "best_candidate":
        from plant_assets.models.candidates import train_champion

        return train_champion(spec, inputs, profile, metric)
    return finished(walk(spec, inputs, profile), inputs, profile)


def untrainable(specs: Sequence[ModelSpec], profile: PlantProfile, *, has_labels: bool) -> dict[str, str]:
    """Models that can't be trained on a plant's labels → why, and what would help."""
    reason = (
        f"plant {profile.name} has no labels of both kinds; only unsupervised models can be trained. Expected alarm "
        "rules, known periods or an operator log"
    )
    return {} if has_labels else {spec.name: reason for spec in specs if spec.needs_labels}


def plant_folds(inputs: TrainingInputs, profile: PlantProfile, purge: int = 0) -> list[Fold]:
    """The profile's walk-forward folds of these rows."""
    gap = profile.steps(profile.validation.gap)
    return walk_forward(inputs.labelled.height, profile.validation.folds, gap, purge)


def walk(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> WalkForward:
    """Fit a nowcast or anomaly model in every fold, score the fold's test rows, then fit on all rows.

    Asked again for the same tables it gives the first answer.
    """
    done = inputs.walks.get((spec, profile))
    if not isinstance(done, WalkForward):
        done = inputs.walks[(spec, profile)] = _walk(spec, inputs, profile)
    return done


def _walk(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> WalkForward:
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    labels = inputs.labels if inputs.has_labels else None

    def fit(part: np.ndarray) -> Fit:
        return fit_nowcast(spec, names, rows[part], None if labels is None else labels[part], profile)

    folds = plant_folds(inputs, profile)
    fits = tuple(fit(fold.train) for fold in folds)
    tables = [score_fold(spec, f.model, fold, inputs, profile) for f, fold in zip(fits, folds, strict=True)]
    return WalkForward(spec, tuple(folds), fits, join_oof(tables), fit(np.arange(len(rows))))


def score_fold(
    spec: ModelSpec, model: FittedModel, fold: Fold, inputs: TrainingInputs, profile: PlantProfile
) -> pl.DataFrame:
    """What a fold's model says of its test rows, as out-of-fold rows."""
    scores = model.scores(inputs.matrix_for(spec)[fold.test])
    decisions = model.decide(scores)
    calibrated = model.calibrator is not None or scores.ndim > 1
    labels = inputs.labels[fold.test].astype(np.float64)
    return oof_rows(
        inputs.timestamps[fold.test],
        model=spec.name,
        horizon=0,
        fold=fold.number,
        y=labels if inputs.has_labels else np.full(len(labels), np.nan),
        score=scores if scores.ndim == 1 else scores[:, -1],
        probability=decisions if calibrated else None,
        alarm=debounce(decisions, model.threshold, profile.budget),
        threshold=model.threshold,
    )


def finished(walked: WalkForward, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """The result of a walk-forward, with its figures."""
    notes = fallback_notes(walked)
    if not inputs.has_labels:
        notes = (*notes, f"plant {profile.name} has no labels: unsupervised, uncalibrated, no figures")
    return TrainedModel(
        spec=walked.spec,
        model=walked.final.model,
        oof=walked.oof,
        metrics={
            **nowcast_metrics(walked.oof, inputs, profile),
            **{f"final.{name}": value for name, value in walked.final.notes.items()},
            "folds_with_fallback": float(sum(bool(fallback(f)) for f in walked.fits)),
        },
        params={
            "builder": walked.spec.builder,
            "learning_mode": walked.spec.learning_mode,
            "features": len(walked.final.model.feature_names),
            "rows": inputs.labelled.height,
            "seed": profile.validation.seed,
            **(profile.isolation_forest.model_dump() if walked.spec.task == "anomaly" else {}),
        },
        notes=notes,
        builder=walked.spec.builder,
    )


def fallback(fit: Fit) -> str:
    """What a fit fell back to, empty if to nothing."""
    if fit.notes.get("one_class_fallback"):
        return "the base rate, as its training rows hold one class"
    if fit.notes.get("calibration_fallback"):
        return "calibration on the fitted rows, as no later block holds both classes"
    return ""


def fallback_notes(walked: WalkForward) -> tuple[str, ...]:
    places = [*(f"fold {fold.number}" for fold in walked.folds), "all rows"]
    return tuple(
        f"{walked.spec.name}, {place}: fell back to {reason}"
        for place, fit in zip(places, (*walked.fits, walked.final), strict=True)
        if (reason := fallback(fit))
    )


def renamed(table: pl.DataFrame, model: str) -> pl.DataFrame:
    """The same out-of-fold rows under another model's name."""
    return table.with_columns(model=pl.lit(model))
