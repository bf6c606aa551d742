"""The next step's set-point deviation (SP - PV) by ridge regression, shrunk until it helps.

Belongs here: target, penalty and walk-forward of the deviation predictor. The deviation of a loop that
works is close to noise around zero: whatever is learnt must first beat predicting zero on later training
rows, and the penalty that predicts zero is among those tried.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plant_assets.models.fitted import FittedModel, Floats
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.preprocess import Preprocessor
from plant_assets.models.ridge import Ridge
from plant_assets.models.spec import ModelSpec
from plant_assets.models.train import TrainedModel, plant_folds
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.oof import empty_oof

Index = NDArray[np.intp]

PENALTIES = (1e2, 1e3, 1e4, 1e5)
SHARES = (0.0, 0.25, 0.5, 1.0)
"""How much of the ridge's answer is given; 0 predicts zero, a loop that holds its set point."""
BLOCKS = 3
CAUTION = 0.995
"""Something else than zero is predicted only where it cuts the error on later rows by half a percent."""


def train_deviation(spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile) -> TrainedModel:
    """Walk the deviation predictor forward, then fit it on all rows.

    Raises:
        TrainingDataError: the profile names no `deviation_target`.
    """
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    target = next_deviation(inputs, profile)
    folds = plant_folds(inputs, profile, purge=1)
    fits = [fit_deviation(rows[f.train], target[f.train], names) for f in folds]
    said = np.concatenate([fit.scores(rows[f.test]) for fit, f in zip(fits, folds, strict=True)])
    truth = np.concatenate([target[f.test] for f in folds])
    final = fit_deviation(rows, target, names)
    return TrainedModel(
        spec=spec,
        model=final,
        oof=empty_oof(),
        metrics=_figures(truth, said, now=_now(inputs, profile, folds)),
        params={
            "builder": spec.builder,
            "learning_mode": spec.learning_mode,
            "features": len(names),
            "rows": len(rows),
            "controller": profile.deviation_target or "",
            **_chosen(final),
        },
        notes=_notes(spec, final),
        builder=spec.builder,
    )


def next_deviation(inputs: TrainingInputs, profile: PlantProfile) -> Floats:
    """SP - PV of the target controller one row later; NaN where not known."""
    deviation = _deviation(inputs, profile)
    return np.append(deviation[1:], np.nan)


def fit_deviation(rows: Floats, target: Floats, names: tuple[str, ...]) -> FittedModel:
    """Fit a ridge whose penalty and share gave the smallest absolute error on later blocks of these rows."""
    known = np.flatnonzero(np.isfinite(target))
    penalty, share = _choose(rows[known], target[known], names)
    preprocess = Preprocessor.fit(rows[known], names)
    estimator = Ridge(penalty, share).fit(preprocess.transform(rows[known]), target[known])
    return FittedModel(preprocess, estimator)


def _choose(rows: Floats, target: Floats, names: tuple[str, ...]) -> tuple[float, float]:
    bounds = np.linspace(0, len(rows), BLOCKS + 2).astype(int)
    errors = {(p, s): 0.0 for p in PENALTIES for s in SHARES}
    for start, stop in pairwise(bounds[1:]):
        preprocess = Preprocessor.fit(rows[:start], names)
        before, later = preprocess.transform(rows[:start]), preprocess.transform(rows[start:stop])
        for penalty in PENALTIES:
            full = Ridge(penalty, 1.0).fit(before, target[:start]).score(later)
            for share in SHARES:
                errors[penalty, share] += float(np.abs(target[start:stop] - share * full).sum())
    nothing = errors[PENALTIES[-1], 0.0]
    best = min(errors, key=lambda key: errors[key])
    return best if errors[best] < CAUTION * nothing else (PENALTIES[-1], 0.0)


def _deviation(inputs: TrainingInputs, profile: PlantProfile) -> Floats:
    if profile.deviation_target is None:
        raise TrainingDataError(f"plant {profile.name}: no deviation_target; expected a controller's name")
    set_point, value = profile.deviations[f"{profile.deviation_target}_deviation"]
    table = inputs.labelled.select(set_point, value).cast(dict.fromkeys((set_point, value), float))
    return table[set_point].fill_null(np.nan).to_numpy() - table[value].fill_null(np.nan).to_numpy()


def _now(inputs: TrainingInputs, profile: PlantProfile, folds: list) -> Floats:
    deviation = _deviation(inputs, profile)
    return np.concatenate([deviation[f.test] for f in folds])


def _figures(truth: Floats, said: Floats, now: Floats) -> dict[str, float]:
    known = np.isfinite(truth)
    if not known.any():
        return {}
    carried = np.where(np.isfinite(now), now, 0.0)
    return {
        "mae": float(np.abs(truth - said)[known].mean()),
        "mae_zero": float(np.abs(truth)[known].mean()),
        "mae_persistence": float(np.abs(truth - carried)[known].mean()),
        "rmse": float(np.sqrt(np.square(truth - said)[known].mean())),
    }


def _chosen(model: FittedModel) -> dict[str, float]:
    estimator = model.estimator
    return {"penalty": estimator.penalty, "share": estimator.share} if isinstance(estimator, Ridge) else {}


def _notes(spec: ModelSpec, model: FittedModel) -> tuple[str, ...]:
    if _chosen(model).get("share"):
        return ()
    return (f"{spec.name}: no penalty beat predicting zero on later training rows, so zero is predicted",)
