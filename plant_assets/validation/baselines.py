"""What anybody could do without a model, as out-of-fold tables beside the models.

Everything that is fitted, is fitted on the fold's training rows. Alarm rules and persistence are states,
not thresholds, so they aren't de-bounced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.baseline_models import (
    clock_probability,
    hotelling_and_residual,
    one_tag_distance,
)
from plant_assets.validation.events import choose_threshold, debounce
from plant_assets.validation.folds import Fold, expanding_folds
from plant_assets.validation.oof import join_oof, oof_rows
from plant_assets.validation.targets import onset_target

BASELINES = {
    "always_alarm": "an alarm at every row",
    "base_rate": "the share of alarms in training, for every row",
    "clock_only": "hour of day and weekday, without any reading",
    "label_rules": "the plant's alarm rules, which are part of the labels and therefore have no false alarms",
    "persistence": "the state persists: that of the row before (nowcast) or of now (forecast)",
    "one_tag_limit": "distance from the normal band of the single best tag in training",
    "pca_t2_spe": "Hotelling's T² and residual (SPE) of a PCA of normal readings",
}
"""Name → what it does, in words for the report."""
SHORT_WORDS = {
    "always_alarm": "an alarm at every row",
    "base_rate": "the share of alarms",
    "clock_only": "hour and weekday alone",
    "label_rules": "the alarm rules alone",
    "persistence": "the present state",
    "one_tag_limit": "a limit on one tag",
    "pca_t2_spe": "a PCA of the tags",
}
"""Name → what it is, in a sentence that compares it."""

_LABELS = {
    "anomaly_label": pl.Int8(),
    "regime": pl.String(),
    "label_source": pl.List(pl.String()),
}


@dataclass(frozen=True, slots=True)
class _Plant:
    """What baselines may look at, per row."""

    timestamps: pl.Series
    label: Floats
    rule_fires: Floats
    in_transition: Floats
    clock: NDArray[np.int64]
    readings: Floats


@dataclass(frozen=True, slots=True)
class _Scored:
    """Scores of all rows after fitting on training rows; `cut` marks a state that isn't de-bounced."""

    model: str
    score: Floats
    calibrated: bool = False
    cut: float | None = None


def baselines(labelled: pl.DataFrame, folds: Sequence[Fold], profile: PlantProfile) -> pl.DataFrame:
    """Score the trivial baselines for the nowcast and for each of the profile's horizons.

    Args:
        labelled: the labelled table (tags, `anomaly_label`, `regime`, `label_source`).
        folds: walk-forward folds of its rows; training rows whose target reaches the test part are left
            out here as well.
        profile: tags, horizons, alarm rules and the false-alarm budget.

    Returns:
        An out-of-fold table; forecasts hold all test rows, with `y` null where no onset is asked.
    """
    plant = _read(labelled, profile)
    return join_oof(
        rows
        for horizon in (timedelta(0), *profile.horizons)
        for fold in folds
        for rows in _fold_rows(plant, fold, horizon, profile)
    )


def plant_baselines(labelled: pl.DataFrame, profile: PlantProfile) -> pl.DataFrame:
    """Baselines on the folds that the profile asks for.

    Raises:
        NotEnoughRowsError: the history is too short for them.
    """
    gap = profile.steps(profile.validation.gap)
    purge = max(map(profile.steps, profile.horizons), default=0)
    return baselines(labelled, expanding_folds(len(labelled), profile.validation.folds, gap, purge), profile)


def _read(labelled: pl.DataFrame, profile: PlantProfile) -> _Plant:
    rules = [f"rule:{rule.name}" for rule in profile.labels.alarm_rules]
    time = pl.col("timestamp")
    absent = {name: pl.lit(None, kind) for name, kind in _LABELS.items() if name not in labelled.columns}
    columns = labelled.with_columns(**absent).select(
        pl.col("anomaly_label").cast(pl.Float64).fill_null(np.nan).alias("label"),
        pl.col("label_source")
        .list.eval(pl.element().is_in(rules))
        .list.any()
        .fill_null(value=False)
        .alias("fires"),
        (pl.col("regime") == "transition").fill_null(value=False).alias("moving"),
        time.dt.hour().cast(pl.Int64).alias("hour"),
        (time.dt.weekday().cast(pl.Int64) - 1).alias("day"),
    )
    return _Plant(
        labelled["timestamp"],
        columns["label"].to_numpy(),
        columns["fires"].cast(pl.Float64).to_numpy(),
        columns["moving"].cast(pl.Float64).to_numpy(),
        columns.select("hour", "day").to_numpy(),
        labelled.select(pl.col(profile.used_tags).cast(pl.Float64).fill_null(np.nan)).to_numpy(),
    )


def _fold_rows(
    plant: _Plant, fold: Fold, horizon: timedelta, profile: PlantProfile
) -> Iterator[pl.DataFrame]:
    steps = profile.steps(horizon)
    target = onset_target(plant.label, steps) if steps else plant.label
    train = fold.train[fold.train < fold.test[0] - steps] if len(fold.test) else fold.train
    train = train[~np.isnan(target[train])]
    for scored in _score_baselines(plant, target, train, ahead=steps > 0):
        threshold, alarm = _alarm(scored, target, train, fold.test, profile)
        values = scored.score[fold.test]
        yield oof_rows(
            plant.timestamps[fold.test],
            model=scored.model,
            horizon=horizon // timedelta(hours=1),
            fold=fold.number,
            y=target[fold.test],
            score=values,
            probability=values if scored.calibrated else None,
            threshold=threshold,
            alarm=alarm,
        )


def _score_baselines(plant: _Plant, target: Floats, train: Index, *, ahead: bool) -> list[_Scored]:
    rows = len(plant.label)
    normal = train[target[train] == 0]
    rate = target[train].mean() if len(train) else np.nan
    rules = np.maximum(plant.rule_fires, plant.in_transition) if ahead else plant.rule_fires
    state = plant.label if ahead else np.concatenate([[np.nan], plant.label[:-1]])
    return [
        _Scored("always_alarm", np.ones(rows), cut=0.5),
        _Scored("base_rate", np.full(rows, rate), calibrated=True, cut=0.5),
        _Scored("clock_only", clock_probability(plant.clock, target, train), calibrated=True),
        _Scored("label_rules", rules, calibrated=True, cut=0.5),
        _Scored("persistence", state, calibrated=True, cut=0.5),
        _Scored("one_tag_limit", one_tag_distance(plant.readings, target, normal, train)),
        _Scored("pca_t2_spe", hotelling_and_residual(plant.readings, normal)),
    ]


def _alarm(
    scored: _Scored, target: Floats, train: Index, test: Index, profile: PlantProfile
) -> tuple[float, Flags]:
    if scored.cut is not None:
        return scored.cut, scored.score[test] >= scored.cut
    threshold = choose_threshold(
        scored.score[train], target[train], profile.budget, profile.sampling.interval
    )
    return threshold, debounce(scored.score[test], threshold, profile.budget)
