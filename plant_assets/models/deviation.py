"""The next step's set-point deviation (SP - PV) by ridge regression, shrunk until it helps.

Belongs here: target, penalty and walk-forward of the deviation predictor. The deviation of a loop that
works is close to noise around zero: whatever is learnt must first beat predicting zero on later training
rows, and the penalty that predicts zero is among those tried.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.models.fitted import FittedModel
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.ridge import Ridge
from plant_assets.models.spec import ModelSpec
from plant_assets.models.walk_forward import TrainedModel, plant_folds, walk_forward
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.folds import Fold
from plant_assets.validation.oof import empty_oof

PENALTIES = (1e1, 1e2, 1e3, 1e4)
SHARES = (0.25, 0.5, 1.0)
"""How much of the ridge's answer is given."""
BLOCKS = 3
CAUTION = 0.98
"""Something else than zero is predicted only where it cuts the error on later rows by 2 %, and in each block."""


@dataclass(frozen=True, slots=True)
class RidgeChoice:
    """What a ridge may use and how far it is followed; share 0 predicts zero, a loop that holds its set point."""

    own: bool = False
    penalty: float = PENALTIES[-1]
    share: float = 0.0


NOTHING = RidgeChoice()
CHOICES = tuple(
    RidgeChoice(own, penalty, share) for own in (True, False) for penalty in PENALTIES for share in SHARES
)


def train_deviation(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Walk the deviation predictor forward, then fit it on all rows.

    Raises:
        TrainingDataError: the profile names no `deviation_target`.
    """
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    target = next_deviation(inputs, profile)
    own = np.array([name.startswith(f"{profile.deviation_target}_deviation") for name in names])

    def fit(part: Index) -> FittedModel:
        return fit_deviation(rows[part], target[part], names, own)

    def score(model: FittedModel, fold: Fold) -> Floats:
        return model.scores(rows[fold.test])

    walked = walk_forward(fit, score, plant_folds(inputs, profile, purge=1))
    tested = np.concatenate([fold.test for fold in walked.folds])
    return TrainedModel(
        spec=spec,
        model=walked.final,
        oof=empty_oof(),
        metrics=_figures(target[tested], np.concatenate(walked.answers), _deviation(inputs, profile)[tested]),
        params={
            "builder": spec.builder,
            "learning_mode": spec.learning_mode,
            "features": len(names),
            "rows": len(rows),
            "controller": profile.deviation_target or "",
            **_choose_penalty(walked.final),
        },
        notes=_notes(spec, walked.final),
        builder=spec.builder,
    )


def next_deviation(inputs: TrainingInputs, profile: PlantProfile) -> Floats:
    """SP - PV of the target controller one row later; NaN where not known."""
    deviation = _deviation(inputs, profile)
    return np.append(deviation[1:], np.nan)


def fit_deviation(rows: Floats, target: Floats, names: tuple[str, ...], own: Flags) -> FittedModel:
    """Fit a ridge with the features, penalty and share that gave the smallest absolute error on later blocks.

    Args:
        rows: features (rows, features) in time order, NaN = missing.
        target: the next row's deviation, NaN = not known.
        names: features in the order of `rows`' columns.
        own: which of them come from the deviation itself; (features,).
    """
    known = np.flatnonzero(np.isfinite(target))
    choice = _choose(rows[known], target[known], names, own)
    preprocess = Preprocessor.fit(rows[known], names)
    used = own if choice.own else np.ones_like(own)
    estimator = Ridge(choice.penalty, choice.share, used)
    return FittedModel(preprocess, estimator.fit(preprocess.transform(rows[known]), target[known]))


def _choose(rows: Floats, target: Floats, names: tuple[str, ...], own: Flags) -> RidgeChoice:
    bounds = np.linspace(0, len(rows), BLOCKS + 2).astype(int)
    errors = {choice: np.zeros(BLOCKS) for choice in CHOICES}
    zero = np.zeros(BLOCKS)
    for block, (start, stop) in enumerate(pairwise(bounds[1:])):
        preprocess = Preprocessor.fit(rows[:start], names)
        before, later = preprocess.transform(rows[:start]), preprocess.transform(rows[start:stop])
        truth = target[start:stop]
        zero[block] = np.abs(truth).sum()
        for scope in (True, False):
            for penalty in PENALTIES:
                full = Ridge(penalty, 1.0, own if scope else np.ones_like(own))
                predicted = full.fit(before, target[:start]).score(later)
                for share in SHARES:
                    errors[RidgeChoice(scope, penalty, share)][block] = np.abs(
                        truth - share * predicted
                    ).sum()
    best = min(CHOICES, key=lambda choice: errors[choice].sum())
    better = errors[best].sum() < CAUTION * zero.sum() and np.all(errors[best] < zero)
    return best if better else NOTHING


def _deviation(inputs: TrainingInputs, profile: PlantProfile) -> Floats:
    if profile.deviation_target is None:
        raise TrainingDataError(f"plant {profile.name}: no deviation_target; expected a controller's name")
    set_point, value = profile.deviations[f"{profile.deviation_target}_deviation"]
    table = inputs.labelled.select(set_point, value).cast(dict.fromkeys((set_point, value), float))
    return table[set_point].fill_null(np.nan).to_numpy() - table[value].fill_null(np.nan).to_numpy()


def _figures(truth: Floats, predicted: Floats, now: Floats) -> dict[str, float]:
    known = np.isfinite(truth)
    if not known.any():
        return {}
    carried = np.where(np.isfinite(now), now, 0.0)
    return {
        "mae": float(np.abs(truth - predicted)[known].mean()),
        "mae_zero": float(np.abs(truth)[known].mean()),
        "mae_persistence": float(np.abs(truth - carried)[known].mean()),
        "rmse": float(np.sqrt(np.square(truth - predicted)[known].mean())),
    }


def _choose_penalty(model: FittedModel) -> dict[str, float]:
    estimator = model.estimator
    return {"penalty": estimator.penalty, "share": estimator.share} if isinstance(estimator, Ridge) else {}


def _notes(spec: ModelSpec, model: FittedModel) -> tuple[str, ...]:
    if _choose_penalty(model).get("share"):
        return ()
    return (f"{spec.name}: no penalty beats predicting zero on later training rows; predicting zero",)
