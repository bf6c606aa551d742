"""Walk-forward training: fit on each fold's past, score what came next, then fit on all rows.

Belongs here: the way through the folds, which every kind of model takes, and what comes out of it. Doesn't belong
here: which kind a model is (`train.py`), fits and figures (`*_training.py`, `forecast.py`, `deviation.py`).
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Generic, TypeVar

import numpy as np
import polars as pl

from plant_assets.features.arrays import Floats, Index
from plant_assets.models.fitted import FittedModel
from plant_assets.models.fitting import ModelFit
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import ModelSpec
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import debounce
from plant_assets.validation.folds import Fold, expanding_folds
from plant_assets.validation.oof import oof_rows

MOST_AT_ONCE = 4
"""Fits at the same time: each holds its own scaled rows."""

Fitted = TypeVar("Fitted")
Answers = TypeVar("Answers")


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model fitted on all rows, and what it answered out of fold.

    Attributes:
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


@dataclass(frozen=True, slots=True)
class WalkForward(Generic[Fitted, Answers]):
    """A model's fits and what they answered for their folds' test rows, fold by fold.

    Attributes:
        refit: gives the fit on all rows, always the same one.
    """

    folds: tuple[Fold, ...]
    fits: tuple[Fitted, ...]
    answers: tuple[Answers, ...]
    refit: Callable[[], Fitted]

    @property
    def final(self) -> Fitted:
        """The fit on all rows."""
        return self.refit()


AlarmWalk = WalkForward[ModelFit, pl.DataFrame]
"""Of a model that alarms: it answers with out-of-fold rows."""


def walk_forward(
    fit: Callable[[Index], Fitted],
    score: Callable[[Fitted, Fold], Answers],
    folds: Sequence[Fold],
    *,
    refits: bool = True,
) -> WalkForward[Fitted, Answers]:
    """Fit each fold's training rows and score its test rows by that fit, and fit all rows; on all processors at once.

    What is slow in a fit releases the interpreter, so these are threads: they share the rows, and nothing is copied.

    Args:
        fit: from row positions to a fit on them alone; called by several threads.
        score: what a fit answers for the test rows of its fold; called by several threads.
        folds: in time order; the last one's test rows end the history.
        refits: whether all rows are fitted at once; else when that fit is first asked for, if ever.

    >>> walk = walk_forward(len, lambda rows, fold: (rows, fold.test.tolist()), expanding_folds(6, 2, gap=0))
    >>> walk.answers, walk.final
    (((2, [2, 3]), (4, [4, 5])), 6)
    """

    def fit_and_score(fold: Fold) -> tuple[Fitted, Answers]:
        fitted = fit(fold.train)
        return fitted, score(fitted, fold)

    everything = np.arange(folds[-1].test[-1] + 1)
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        # The largest first, so that no processor waits for it alone at the end.
        refit = pool.submit(fit, everything).result if refits else cache(lambda: fit(everything))
        walked = [pool.submit(fit_and_score, fold) for fold in reversed(folds)]
        fits, answers = zip(*(one.result() for one in reversed(walked)), strict=True)
        if refits:
            refit()
        return WalkForward(tuple(folds), fits, answers, refit)


def plant_folds(inputs: TrainingInputs, profile: PlantProfile, purge: int = 0) -> list[Fold]:
    """The profile's walk-forward folds of these rows."""
    gap = profile.steps(profile.validation.gap)
    return expanding_folds(inputs.labelled.height, profile.validation.folds, gap, purge)


def walk_folds(
    spec: ModelSpec,
    fit: Callable[[Index], ModelFit],
    truth: Floats,
    inputs: TrainingInputs,
    profile: PlantProfile,
    *,
    purge: int = 0,
    refits: bool = True,
) -> AlarmWalk:
    """Walk the plant's folds with a model that alarms; it answers with out-of-fold rows.

    Args:
        spec: names the rows and their features.
        fit: from row positions to a fit on them alone.
        truth: 1 alarm, 0 none, NaN not asked; (rows,).
        inputs: the tables.
        profile: folds, gap and budget.
        purge: the longest look-ahead of the truth, in rows.
        refits: as in `walk_forward`.
    """

    def score(fitted: ModelFit, fold: Fold) -> pl.DataFrame:
        model, scores = fitted.model, fitted.model.scores(inputs.matrix_for(spec)[fold.test])
        decisions = model.decide(scores)
        calibrated = model.calibrator is not None or scores.ndim > 1
        return oof_rows(
            inputs.timestamps[fold.test],
            model=spec.name,
            horizon=spec.horizon_hours,
            fold=fold.number,
            y=truth[fold.test],
            score=scores if scores.ndim == 1 else scores[:, -1],
            probability=decisions if calibrated else None,
            alarm=debounce(decisions, model.threshold, profile.budget),
            threshold=model.threshold,
        )

    return walk_forward(fit, score, plant_folds(inputs, profile, purge), refits=refits)


def fallback_reason(fit: ModelFit) -> str:
    """What a fit fell back to, empty if to nothing."""
    if fit.notes.get("one_class_fallback"):
        return "the base rate: the training rows hold one class"
    if fit.notes.get("calibration_fallback"):
        return "calibration on the fitted rows: no later block holds both classes"
    return ""


def fallback_notes(spec: ModelSpec, walked: AlarmWalk) -> tuple[str, ...]:
    """A sentence for each fit that fell back."""
    places = [*(f"fold {fold.number}" for fold in walked.folds), "all rows"]
    return tuple(
        f"{spec.name}, {place}: fell back to {reason}"
        for place, fit in zip(places, (*walked.fits, walked.final), strict=True)
        if (reason := fallback_reason(fit))
    )
