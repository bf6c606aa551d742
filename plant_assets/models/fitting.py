"""One fit on one set of training rows: estimator, calibrator and threshold, nothing from elsewhere.

What a threshold or calibrator is chosen on (the reference) are decisions for training rows that the
estimator wasn't fitted on: blocks held out in turn for unsupervised scores, a later block for supervised
ones. In-sample scores flatter both. The one exception is an anomaly model with a given contamination, whose
threshold is by definition a quantile of its own training scores.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from plant_assets.features.arrays import Floats, Index, Labels
from plant_assets.models.anomaly import TREES, AnomalyEnsemble, IsolationScore, views_of
from plant_assets.models.calibration import fit_calibrator, later_block
from plant_assets.models.fitted import BaseRate, Estimator, FittedModel, UnsupervisedEstimator
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.nowcast import LightGbm, LogisticModel, RandomForest, XgBoost
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.resampling import smote
from plant_assets.models.spec import Builder, ModelSpec
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import choose_threshold

HELD_OUT_BLOCKS = 8
BUDGET_SHARE = 0.6
"""Part of the false-alarm budget that training rows may spend; the rest is for drift until the next training.

On simulated plants false alarms come 1.6 times as often in the weeks after training as in held-out blocks.
"""


@dataclass(frozen=True, slots=True)
class ReferenceDecisions:
    """Honest decisions for some training rows: positions among the training rows, and the decisions."""

    rows: Index
    decisions: Floats


@dataclass(frozen=True, slots=True)
class ModelFit:
    """A fitted model with what its threshold was chosen on, and what went otherwise than usual."""

    model: FittedModel
    reference: ReferenceDecisions
    notes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LearntRows:
    """Rows for an estimator to learn from: features (rows, features) in their units, and 0/1 of the same rows."""

    rows: Floats
    labels: Labels


def fit_nowcast(
    spec: ModelSpec,
    names: tuple[str, ...],
    rows: Floats,
    labels: Labels | None,
    profile: PlantProfile,
) -> ModelFit:
    """Fit one nowcast or anomaly model on training rows.

    Args:
        spec: which model; its learning mode decides how it's calibrated.
        names: the features, in the order of `rows`' columns.
        rows: training features (rows, features) in time order, NaN = missing.
        labels: 0/1 of the same rows; None for a plant without labels, whose model stays uncalibrated.
        profile: budget, gap and seed.
    """
    if spec.learning_mode == "unsupervised" or labels is None:
        return _fit_unsupervised(spec, names, rows, labels, profile)
    return _fit_supervised(spec, names, rows, labels, profile)


def fit_on_table(
    spec: ModelSpec, inputs: TrainingInputs, table: LearntRows, profile: PlantProfile
) -> ModelFit:
    """Fit a supervised model whose estimator learns from given rows in place of the earlier part of `inputs`.

    Everything else comes from `inputs`, as in `fit_nowcast`: gaps and scale from the earlier part, calibrator and
    threshold from the later block.
    """
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    return _fit_supervised(spec, names, rows, inputs.labels, profile, table=table)


def new_estimator(builder: Builder, seed: int) -> Estimator:
    """An unfitted estimator of a supervised family.

    Raises:
        KeyError: no such family.
    """
    families = {
        "logistic": LogisticModel,
        "random_forest": RandomForest,
        "xgboost": XgBoost,
        "lightgbm": LightGbm,
    }
    return families[builder](seed)


def rows_per_day(profile: PlantProfile) -> float:
    return max(timedelta(days=1) / profile.sampling.interval, 1.0)


NewUnsupervised = Callable[[], UnsupervisedEstimator]
"""An estimator that isn't fitted yet."""


def _new_unsupervised(
    builder: Builder, seed: int, trees: int, names: tuple[str, ...], *, labelled: bool
) -> NewUnsupervised:
    if builder != "anomaly_ensemble":
        return lambda: IsolationScore(seed, trees)
    views = views_of(names)
    return lambda: AnomalyEnsemble(seed, views, trees, labelled=labelled)


def _fit_unsupervised(
    spec: ModelSpec, names: tuple[str, ...], rows: Floats, labels: Labels | None, profile: PlantProfile
) -> ModelFit:
    seed, forest = profile.validation.seed, profile.isolation_forest
    seen = _with_readings(rows)
    rows, labels = rows[seen], None if labels is None else labels[seen]
    known = np.zeros(len(rows), dtype=np.int8) if labels is None else labels
    preprocess = Preprocessor.fit(rows, names, discounts_wander=True)
    scaled = preprocess.transform(rows)
    is_anomaly_model = spec.task == "anomaly"
    trees = forest.trees if is_anomaly_model else TREES
    new = _new_unsupervised(spec.builder, seed, trees, names, labelled=labels is not None)
    estimator = new().fit(scaled, known)
    if is_anomaly_model and forest.contamination is not None:
        return _fit_contaminated(preprocess, estimator, scaled, seen, forest.contamination)
    held_out = _held_out_parts(new, scaled)
    scores = estimator.standardise(held_out).combine(held_out)
    calibrator = None
    if spec.calibrated and labels is not None:
        calibrator = fit_calibrator(scores, labels, rows_per_day(profile))
    model = FittedModel(preprocess, estimator, calibrator)
    decisions = model.decide(scores)
    threshold = choose_threshold(decisions, known, profile.budget, profile.sampling.interval, BUDGET_SHARE)
    return ModelFit(
        FittedModel(preprocess, estimator, calibrator, threshold), ReferenceDecisions(seen, decisions)
    )


def _fit_contaminated(
    preprocess: Preprocessor,
    estimator: UnsupervisedEstimator,
    scaled: Floats,
    seen: Index,
    contamination: float,
) -> ModelFit:
    """The fit whose threshold leaves the given share of its own training rows at or above it."""
    scores = estimator.score(scaled)
    threshold = float(np.quantile(scores, 1.0 - contamination))
    model = FittedModel(preprocess, estimator, threshold=threshold)
    return ModelFit(model, ReferenceDecisions(seen, scores))


def _with_readings(rows: Floats) -> Index:
    """Rows with a feature at least; all of them where none has any.

    Filled with medians the others would pass for the most usual rows, and their time for normal operation: a test rig
    that stands still for weeks would learn what stands for nothing.
    """
    seen = np.flatnonzero(np.isfinite(rows).any(axis=1))
    return seen if len(seen) else np.arange(len(rows))


def _held_out_parts(new: NewUnsupervised, scaled: Floats) -> Floats:
    """Scores of each block of time by an estimator that was fitted on all the other blocks."""
    positions = np.arange(len(scaled))
    blocks = [b for b in np.array_split(positions, min(HELD_OUT_BLOCKS, len(scaled))) if len(b) < len(scaled)]

    def fitted(rows: Floats) -> UnsupervisedEstimator:
        return new().fit(rows, np.zeros(len(rows), np.int8))

    if not blocks:
        return fitted(scaled).parts(scaled)
    rests = (np.setdiff1d(positions, block, assume_unique=True) for block in blocks)
    return np.concatenate(
        [fitted(scaled[rest]).parts(scaled[block]) for rest, block in zip(rests, blocks, strict=True)]
    )


def _fit_supervised(
    spec: ModelSpec,
    names: tuple[str, ...],
    rows: Floats,
    labels: Labels,
    profile: PlantProfile,
    *,
    table: LearntRows | None = None,
) -> ModelFit:
    """Fit on the earlier part, calibrate and choose the threshold on a later block.

    Falls back, and notes it, to calibrating on the fitted rows where no later block holds both classes,
    and to the constant base rate where training rows hold one class only.
    """
    gap = profile.steps(profile.validation.gap)
    block = later_block(labels, gap)
    everything = np.arange(len(rows))
    earlier, later = (everything, everything) if block is None else (block.earlier, block.later)
    one_class = labels[earlier].min() == labels[earlier].max()
    notes = {
        "calibration_fallback": float(block is None),
        "one_class_fallback": float(one_class),
        "calibration_rows": float(len(later)),
        "calibration_positives": float(labels[later].sum()),
    }
    preprocess = Preprocessor.fit(rows[earlier], names)
    estimator = BaseRate() if one_class else new_estimator(spec.builder, profile.validation.seed)
    scaled, known = preprocess.transform(rows[earlier]), labels[earlier]
    if table is not None:
        scaled, known = preprocess.transform(table.rows), table.labels
    elif spec.resampled:
        made = smote(scaled, known, profile.validation.seed)
        scaled, known = np.vstack([scaled, made]), np.append(known, np.ones(len(made), np.int8))
    estimator.fit(scaled, known)
    scores = estimator.score(preprocess.transform(rows[later]))
    calibrator = fit_calibrator(scores, labels[later], rows_per_day(profile))
    decisions = calibrator.probability(scores)
    threshold = choose_threshold(
        decisions, labels[later], profile.budget, profile.sampling.interval, BUDGET_SHARE
    )
    model = FittedModel(preprocess, estimator, calibrator, threshold)
    return ModelFit(model, ReferenceDecisions(later, decisions), notes)
