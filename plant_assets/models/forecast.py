"""Forecasters: does an alarm start within the horizon of a row that isn't in alarm?

Belongs here: target, fits and walk-forward of an onset model. Doesn't belong here: folds, thresholds and
figures (`plant_assets.validation`), calibration itself (`calibration.py`), the order of horizons (`horizons.py`).
"""

from dataclasses import replace

import numpy as np

from plant_assets.features.arrays import Floats, Index, Labels
from plant_assets.models.band import probability_band
from plant_assets.models.calibration import PlattScaling
from plant_assets.models.fitted import BaseRate, Estimator, FittedModel
from plant_assets.models.fitting import ModelFit, ReferenceDecisions, rows_per_day
from plant_assets.models.forecast_scoring import forecast_metrics
from plant_assets.models.horizons import order_walk
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.nowcast import XgBoost
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.rare_calibration import fit_rare_platt
from plant_assets.models.spec import ModelSpec, forecaster
from plant_assets.models.walk_forward import AlarmWalk, TrainedModel, WalkForward, fallback_notes, walk_folds
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import choose_threshold
from plant_assets.validation.targets import onset_target

LATER_BLOCKS = ((0.4, 0.7), (0.7, 1.0))
"""Shares of the training rows that are scored by a model of what came before them."""
LEAST_POSITIVES = 3
BUDGET_SHARE = 0.5
"""Part of the false-alarm budget that later blocks of training rows may spend; the rest is for drift."""
HORIZONS_PER_EVENT = 12.0
"""Rows that count as one observation when calibrating, in horizons: hours of one upset aren't independent."""


class OnsetBoost(XgBoost):
    """Small, strongly shrunk trees by XGBoost: onsets are few. The score is the margin (log-odds)."""

    def __init__(self, seed: int, rounds: int = 200) -> None:
        super().__init__(seed, rounds)

    def strength(self, labels: Labels) -> dict[str, float]:  # noqa: ARG002
        return {
            "subsample": 0.7,
            "colsample_bytree": 0.1,
            "colsample_bylevel": 0.5,
            "min_child_weight": 1,
            "lambda": 10,
        }


def train_forecaster(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Walk a forecaster forward, then fit it on all rows.

    Rows in alarm are neither learnt from nor judged; they are scored, so that the alarm's state goes on.
    Within a fold, later blocks of training rows, scored by models of the rows before them, give the
    calibrator and the threshold; the model that answers is then fitted on all training rows.

    The plant's other horizons are walked too, once for all of them: probabilities are judged in order, as they
    are answered.
    """
    steps, target = _steps(spec, profile), _target(spec, inputs, profile)
    walked = walk_onset(spec, inputs, profile)
    others = [forecaster(span) for span in profile.horizons if span != spec.horizon]
    walks = {other.horizon: walk_onset(other, inputs, profile) for other in others} | {spec.horizon: walked}
    oof, moved = order_walk(walked, [walks[span] for span in sorted(walks)], profile.budget)
    return TrainedModel(
        spec=spec,
        model=with_band(walked.final, target, steps, profile),
        oof=oof,
        metrics={
            **forecast_metrics(oof, inputs, profile),
            "order_corrected_share": moved,
            **{f"final.{name}": value for name, value in walked.final.notes.items()},
        },
        params={
            "builder": spec.builder,
            "learning_mode": spec.learning_mode,
            "features": len(inputs.names(spec.feature_set)),
            "calibration": walked.final.model.calibration,
            "rows": inputs.labelled.height,
            "onset_rows": int(np.nansum(target)),
            "horizon_h": spec.horizon_hours,
            "seed": profile.validation.seed,
        },
        notes=fallback_notes(spec, walked),
        builder=spec.builder,
    )


def walk_onset(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> AlarmWalk:
    """The walk-forward of one forecaster by itself; asked again for the same tables it gives the first answer."""
    done = inputs.walks.get((spec, profile))
    if not isinstance(done, WalkForward):
        rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
        steps, target = _steps(spec, profile), _target(spec, inputs, profile)

        def fit(part: Index) -> ModelFit:
            return fit_onset(rows[part], target[part], names, steps, profile)

        done = inputs.walks[(spec, profile)] = walk_folds(spec, fit, target, inputs, profile, purge=steps)
    return done


def _steps(spec: ModelSpec, profile: PlantProfile) -> int:
    return max(profile.steps(spec.horizon), 1)


def _target(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> Floats:
    return onset_target(inputs.labels, _steps(spec, profile))


def fit_onset(
    rows: Floats, target: Floats, names: tuple[str, ...], steps: int, profile: PlantProfile
) -> ModelFit:
    """Fit one forecaster on training rows.

    Args:
        rows: features (rows, features) in time order, NaN = missing.
        target: 1 an alarm starts within the horizon, 0 none does, NaN = in alarm now or not known.
        names: features in the order of `rows`' columns.
        steps: the horizon in rows.
        profile: budget, gap and seed.
    """
    reference, scores = _later_scores(rows, target, names, steps, profile)
    model, constant = _fit_rows(rows, target, names, profile)
    asked = ~np.isnan(target[reference])
    calibrated = len(scores) > 0 and target[reference][asked].sum() >= LEAST_POSITIVES
    if not calibrated:
        reference, scores = np.arange(len(rows)), model.scores(rows)
        asked = ~np.isnan(target)
    truth = target[reference]
    labels = truth[asked].astype(np.int8)
    calibrator = fit_rare_platt(scores[asked], labels, _base_rate(target), HORIZONS_PER_EVENT * steps)
    decisions = calibrator.probability(scores)
    threshold = choose_threshold(decisions, truth, profile.budget, profile.sampling.interval, BUDGET_SHARE)
    notes = {
        "calibration_fallback": float(not calibrated),
        "one_class_fallback": float(constant),
        "calibration_rows": float(asked.sum()),
        "calibration_positives": float(truth[asked].sum()),
    }
    fitted = FittedModel(model.preprocess, model.estimator, calibrator, threshold)
    return ModelFit(fitted, ReferenceDecisions(reference, decisions), notes)


def with_band(fit: ModelFit, target: Floats, steps: int, profile: PlantProfile) -> FittedModel:
    """The model with the band of its calibrated probability, of the rows that it was calibrated on; as `fit_onset`."""
    rows, decisions = fit.reference.rows, fit.reference.decisions
    asked = ~np.isnan(target[rows])
    calibrator = fit.model.calibrator
    if not isinstance(calibrator, PlattScaling) or not asked.any():
        return fit.model
    labels = target[rows][asked].astype(np.int8)
    scores = calibrator.score(decisions[asked])
    base_rate = _base_rate(target)

    def refit(drawn: Index, shift: Floats) -> PlattScaling:
        return fit_rare_platt(scores[drawn], labels[drawn], base_rate, HORIZONS_PER_EVENT * steps, shift)

    days = (rows[asked] / rows_per_day(profile)).astype(np.intp)
    band = probability_band(calibrator, scores, days, refit, seed=profile.validation.seed)
    return replace(fit.model, band=band)


def _base_rate(target: Floats) -> float:
    """Share of asked rows before an onset, with half an onset more of either kind: never 0 or 1."""
    asked = target[~np.isnan(target)]
    return (float(asked.sum()) + 0.5) / (len(asked) + 1.0)


def _later_scores(
    rows: Floats, target: Floats, names: tuple[str, ...], steps: int, profile: PlantProfile
) -> tuple[Index, Floats]:
    """Scores of later blocks of training rows by models of what came before; empty if none could be fitted."""
    gap = max(profile.steps(profile.validation.gap), steps)
    found: list[tuple[Index, Floats]] = []
    for low, high in LATER_BLOCKS:
        block = np.arange(round(len(rows) * low), round(len(rows) * high))
        before = np.arange(max(block[0] - gap, 0)) if len(block) else block
        if np.nansum(target[before]) >= LEAST_POSITIVES:
            model, _ = _fit_rows(rows[before], target[before], names, profile)
            found.append((block, model.scores(rows[block])))
    if not found:
        return np.empty(0, dtype=np.intp), np.empty(0)
    return np.concatenate([b for b, _ in found]), np.concatenate([s for _, s in found])


def _fit_rows(
    rows: Floats, target: Floats, names: tuple[str, ...], profile: PlantProfile
) -> tuple[FittedModel, bool]:
    """A model of the rows that are asked, and whether they hold one class only."""
    asked = ~np.isnan(target)
    labels = target[asked].astype(np.int8)
    one_class = len(np.unique(labels)) < 2
    preprocess = Preprocessor.fit(rows[asked] if asked.any() else rows, names)
    estimator: Estimator = BaseRate() if one_class else OnsetBoost(profile.validation.seed)
    return FittedModel(preprocess, estimator.fit(preprocess.transform(rows[asked]), labels)), one_class
