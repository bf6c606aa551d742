"""Small made-up histories with known events, and models of known quality on them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import choose_threshold, debounce
from plant_assets.validation.folds import expanding_folds
from plant_assets.validation.oof import join_oof, oof_rows
from plant_assets.validation.targets import onset_target

START = datetime(2020, 1, 6, tzinfo=UTC)


def history(profile: PlantProfile, rows: int = 900, every: int = 60, length: int = 20) -> pl.DataFrame:
    """A labelled table with an event every `every` rows; even ones are operators' periods."""
    position = np.arange(rows)
    alarm = (position % every >= every - length) & (position >= every - length)
    number = position // every
    sources = [
        [] if not on else ["rule:level_deviation"] if n % 2 else [f"period:upset {n}"]
        for on, n in zip(alarm, number, strict=True)
    ]
    generator = np.random.default_rng(4)
    return pl.DataFrame(
        {
            "timestamp": [START + timedelta(hours=int(i)) for i in position],
            **{tag: generator.normal(size=rows) + 0.3 * alarm for tag in profile.used_tags},
            "anomaly_label": alarm.astype(np.int8),
            "regime": np.where(alarm, "alarm", "normal"),
            "label_source": pl.Series(sources, dtype=pl.List(pl.String)),
        },
        schema_overrides={"timestamp": pl.Datetime("us", "UTC")},
    )


def oracle(
    labelled: pl.DataFrame,
    profile: PlantProfile,
    model: str = "oracle",
    noise: float = 0.5,
    seed: int = 0,
    horizon: int = 0,
) -> pl.DataFrame:
    """Out-of-fold rows of a calibrated model that sees the target through noise."""
    label = labelled["anomaly_label"].to_numpy().astype(float)
    target = onset_target(label, horizon) if horizon else label
    seen = np.nan_to_num(target)
    logit = (seen - 0.5) / noise**2 + np.random.default_rng(seed).normal(0, 1 / noise, len(seen))
    rate = max(np.nanmean(target), 1e-3)
    probability = 1 / (1 + np.exp(-(logit + np.log(rate / (1 - rate)))))
    tables = []
    for fold in expanding_folds(len(labelled), profile.validation.folds, 24, horizon):
        threshold = choose_threshold(
            probability[fold.train], target[fold.train], profile.budget, profile.sampling.interval
        )
        tables.append(
            oof_rows(
                labelled["timestamp"][fold.test],
                model=model,
                horizon=horizon,
                fold=fold.number,
                y=target[fold.test],
                score=probability[fold.test],
                probability=probability[fold.test],
                threshold=threshold,
                alarm=debounce(probability[fold.test], threshold, profile.budget),
            )
        )
    return join_oof(tables)
