"""Figures of a nowcast's out-of-fold table, as they go to MLflow and into the choice of a champion."""

import math
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import ModelSpec
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import bootstrap, metrics
from plant_assets.validation.events import event_metrics
from plant_assets.validation.plant_events import PERIOD, plant_events, times_of


def walk_metrics(
    spec: ModelSpec, oof: pl.DataFrame, inputs: TrainingInputs, profile: PlantProfile
) -> dict[str, float]:
    """`nowcast_metrics` of the rows of a model's walk over `inputs`, kept like the walk itself."""
    done = inputs.walks.get(((spec, "metrics"), profile))
    if not isinstance(done, dict):
        done = inputs.walks[((spec, "metrics"), profile)] = nowcast_metrics(oof, inputs, profile)
    return dict(done)


def nowcast_metrics(oof: pl.DataFrame, inputs: TrainingInputs, profile: PlantProfile) -> dict[str, float]:
    """Ranking, calibration and event figures, those that are defined; `_low`, `_high` = 90 % interval."""
    truth = oof["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if oof.is_empty() or np.isnan(truth).all():
        return {}
    score = oof["score"].to_numpy()
    probability = oof["probability"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    times = times_of(oof)
    found = {
        "base_rate": float(np.nanmean(truth)),
        "f1": metrics.f1(truth, oof["alarm"].to_numpy()),
        "alarm_hour_recall": float(oof["alarm"].to_numpy()[truth == 1].mean())
        if (truth == 1).any()
        else math.nan,
    }
    drawn = bootstrap.resample(bootstrap.event_blocks(times, truth), truth, profile.validation.seed)
    asked: list[tuple[Literal["pr_auc", "roc_auc", "brier", "brier_skill"], np.ndarray]] = [
        ("pr_auc", score), ("roc_auc", score), ("brier", probability), ("brier_skill", probability)
    ]  # fmt: skip
    for name, values in asked:
        interval = bootstrap.metric_interval(truth, values, drawn, name)
        found |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    found["pr_auc_of_probability"] = metrics.pr_auc(truth, probability)
    found["roc_auc_of_probability"] = metrics.roc_auc(truth, probability)
    found["calibration_slope"] = metrics.calibration_line(truth, probability)[0]
    events = plant_events(inputs.labelled)
    outcome = event_metrics(times, oof["alarm"].to_numpy(), truth, events, profile.sampling.interval)
    found |= {
        "events": float(outcome.n_events),
        "events_found": float(outcome.n_found),
        "periods": float(sum(o.event.kind == PERIOD for o in outcome.outcomes)),
        "periods_found": float(sum(o.found for o in outcome.outcomes if o.event.kind == PERIOD)),
        "event_recall": outcome.recall,
        "false_alarm_hours_per_day": outcome.false_alarm_hours_per_day,
        "false_episodes_per_day": outcome.false_episodes_per_day,
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}
