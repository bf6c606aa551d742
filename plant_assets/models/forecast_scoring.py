"""Figures of a forecaster's out-of-fold table, on onsets, as they go to MLflow."""

import math

import numpy as np
import polars as pl

from plant_assets.models.inputs import TrainingInputs
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.events import event_metrics
from plant_assets.validation.plant_events import onset_events, times_of


def forecast_metrics(oof: pl.DataFrame, inputs: TrainingInputs, profile: PlantProfile) -> dict[str, float]:
    """Ranking and calibration on rows that are asked; recall, lead and false alarms on all rows."""
    truth = oof["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    asked = ~np.isnan(truth)
    if not asked.any():
        return {}
    score, probability = oof["score"].to_numpy()[asked], oof["probability"].to_numpy()[asked]
    found = {
        "base_rate": float(truth[asked].mean()),
        "pr_auc": metrics.pr_auc(truth[asked], score),
        "roc_auc": metrics.roc_auc(truth[asked], score),
        "pr_auc_of_probability": metrics.pr_auc(truth[asked], probability),
        "brier": metrics.brier(truth[asked], probability),
        "brier_skill": metrics.brier_skill(truth[asked], probability),
        "calibration_slope": metrics.calibration_line(truth[asked], probability)[0],
    }
    found["lift"] = found["pr_auc"] / found["base_rate"] if found["base_rate"] else math.nan
    label = dict(zip(inputs.timestamps, inputs.labels, strict=True))
    outcome = event_metrics(
        times_of(oof),
        oof["alarm"].to_numpy(),
        np.array([label[t] for t in oof["timestamp"]], dtype=np.float64),
        onset_events(inputs.labelled),
        profile.sampling.interval,
        horizon=int(oof["horizon"][0]),
    )
    found |= {
        "onsets": float(outcome.n_events),
        "onsets_found": float(outcome.n_found),
        "onset_recall": outcome.recall,
        "lead_median_h": outcome.lead_median_h,
        "lead_p10_h": outcome.lead_p10_h,
        "false_episodes_per_day": outcome.false_episodes_per_day,
        "false_alarm_hours_per_day": outcome.false_alarm_hours_per_day,
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}
