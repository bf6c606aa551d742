"""Walk-forward of the regime classifier: three classes, judged as an alarm nowcast by its last one."""

import numpy as np

from plant_assets.features.arrays import Floats, Index
from plant_assets.models.calibration import later_block
from plant_assets.models.fitted import BaseRate, FittedModel
from plant_assets.models.fitting import BUDGET_SHARE, ModelFit, ReferenceDecisions
from plant_assets.models.inputs import REGIMES, TrainingInputs
from plant_assets.models.nowcast_training import alarm_truth, nowcast_result
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.regime import MultinomialModel
from plant_assets.models.spec import ModelSpec
from plant_assets.models.walk_forward import TrainedModel, walk_folds
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import choose_threshold


def train_regime(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Fit normal / transition / alarm in every fold and on all rows.

    The alarm's threshold comes from the alarm probability of a later block of training rows.
    """
    rows, names, regimes = inputs.matrix_for(spec), inputs.names(spec.feature_set), inputs.regimes

    def fit(part: Index) -> ModelFit:
        return _fit(names, rows[part], regimes[part], profile)

    walked = walk_folds(spec, fit, alarm_truth(inputs), inputs, profile)
    trained = nowcast_result(spec, walked, inputs, profile)
    tested = list(zip(walked.fits, walked.folds, strict=True))
    predicted = np.concatenate([_predict(fitted.model, rows[fold.test]) for fitted, fold in tested])
    truth = np.concatenate([regimes[fold.test] for _, fold in tested])
    trained.metrics.update(_class_figures(truth, predicted))
    return trained


def _fit(names: tuple[str, ...], rows: Floats, regimes: np.ndarray, profile: PlantProfile) -> ModelFit:
    alarms = (regimes == len(REGIMES) - 1).astype(np.int8)
    block = later_block(alarms, profile.steps(profile.validation.gap))
    everything = np.arange(len(rows))
    earlier, later = (everything, everything) if block is None else (block.earlier, block.later)
    preprocess = Preprocessor.fit(rows[earlier], names)
    one_class = len(np.unique(regimes[earlier])) < 2
    estimator = BaseRate() if one_class else MultinomialModel()
    estimator.fit(preprocess.transform(rows[earlier]), alarms[earlier] if one_class else regimes[earlier])
    decisions = FittedModel(preprocess, estimator).decisions(rows[later])
    threshold = choose_threshold(
        decisions, alarms[later], profile.budget, profile.sampling.interval, BUDGET_SHARE
    )
    notes = {"calibration_fallback": float(block is None), "one_class_fallback": float(one_class)}
    return ModelFit(
        FittedModel(preprocess, estimator, None, threshold), ReferenceDecisions(later, decisions), notes
    )


def _predict(model: FittedModel, rows: Floats) -> np.ndarray:
    scores = model.scores(rows)
    return scores.argmax(axis=1) if scores.ndim > 1 else np.where(scores >= 0.5, len(REGIMES) - 1, 0)


def _class_figures(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    recalls = {
        f"recall_{name}": float((predicted[truth == i] == i).mean())
        for i, name in enumerate(REGIMES)
        if (truth == i).any()
    }
    balanced = float(np.mean(list(recalls.values()))) if recalls else 0.0
    return {"accuracy": float((predicted == truth).mean()), "balanced_accuracy": balanced} | recalls
