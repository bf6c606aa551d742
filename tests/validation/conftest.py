"""The real month as a labelled table, and its out-of-fold baselines."""

from pathlib import Path

import polars as pl
import pytest

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.baselines import baselines
from plant_assets.validation.folds import expanding_folds

RULES = {
    "high_differential_pressure": pl.col("PDT31008_max") > 300,
    "level_deviation": (pl.col("LIC31002_SP") - pl.col("LIC31002_PV_max")).abs() > 10,
    "reboiler_level_swings": pl.col("LT301031_roll3h_std") > 20,
}


@pytest.fixture(scope="session")
def real_labelled(real_data: Path, profile: PlantProfile) -> pl.DataFrame:
    """The published labels with the rules and periods that made them."""
    sources = [pl.when(when).then(pl.lit(f"rule:{name}")) for name, when in RULES.items()] + [
        pl.when(pl.col("timestamp").is_between(period.start, period.end)).then(
            pl.lit(f"period:{period.reason}")
        )
        for period in profile.labels.periods
    ]
    table = pl.read_csv(real_data / "gas_treatment" / "labeled_dataset.csv", try_parse_dates=True)
    return table.with_columns(
        pl.col("timestamp").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
        pl.col("anomaly_label").cast(pl.Int8),
        pl.col("regime").replace_strict({0: "normal", 1: "transition", 2: "alarm"}),
    ).with_columns(label_source=pl.concat_list(sources).list.drop_nulls())


@pytest.fixture(scope="session")
def real_baselines(real_labelled: pl.DataFrame, profile: PlantProfile) -> pl.DataFrame:
    return baselines(real_labelled, expanding_folds(len(real_labelled), 5, 24, 6), profile)
