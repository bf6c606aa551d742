"""A small plant's labelled table: three tags that hang together, no alarms unless asked for."""

from datetime import timedelta

import numpy as np
import polars as pl

from plant_assets.drift.plant import LearnedRows
from plant_assets.ingest.grid.quality import FROZEN, flag_column
from plant_assets.profile.model import PlantProfile
from tests.drift.series import HOUR, LEARNED, NEW, START, hours, wandering

TAGS = ("TE301020", "PDT31008", "LT301031")
LEARNED_ONE = LearnedRows("champion", 3, START, START + (LEARNED - 1) * HOUR, START + (LEARNED - 1) * HOUR)


def small(profile: PlantProfile) -> PlantProfile:
    """The gas treatment unit with three of its tags."""
    tags = tuple(tag for tag in profile.tags if tag.name in TAGS)
    return profile.model_copy(update={"tags": tags, "deviation_target": None})


def labelled(rows: int = LEARNED + NEW, alarms: slice = slice(0, 5)) -> pl.DataFrame:
    alarm = np.zeros(rows, np.int8)
    alarm[alarms] = 1
    return pl.DataFrame(
        {
            "timestamp": hours(rows),
            **{name: wandering(seed, 0.5, rows) for seed, name in enumerate(TAGS)},
            **{flag_column(name): np.zeros(rows, np.uint8) for name in TAGS},
            "anomaly_label": alarm,
        }
    )


def moved(table: pl.DataFrame, name: str, by: float, first: timedelta = LEARNED * HOUR) -> pl.DataFrame:
    late = pl.col("timestamp") >= START + first
    return table.with_columns(pl.when(late).then(pl.col(name) + by).otherwise(pl.col(name)).alias(name))


def frozen(table: pl.DataFrame, name: str, value: float) -> pl.DataFrame:
    late = pl.col("timestamp") >= START + LEARNED * HOUR
    flag = flag_column(name)
    return table.with_columns(
        pl.when(late).then(value).otherwise(pl.col(name)).alias(name),
        pl.when(late).then(pl.lit(FROZEN, pl.UInt8)).otherwise(pl.col(flag)).alias(flag),
    )
