"""A small made-up plant whose alarms are stretches of larger swings."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plant_assets.models.inputs import TrainingInputs
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

ROWS = 480
FEATURES = 8
ALARMS = ((20, 30), (100, 140), (190, 220), (280, 310), (360, 385), (430, 450))


def profile(folds: int | None = None, trees: int | None = None) -> PlantProfile:
    """The real unit's profile; fewer folds than its own and fewer trees of its anomaly model make a training quicker."""
    loaded = load_profile("gas_treatment")
    update = {}
    if folds is not None:
        update["validation"] = loaded.validation.model_copy(update={"folds": folds})
    if trees is not None:
        update["isolation_forest"] = loaded.isolation_forest.model_copy(update={"trees": trees})
    return loaded.model_copy(update=update)


def inputs(*, rows: int = ROWS, labelled: bool = True, seed: int = 3) -> TrainingInputs:
    """Hourly rows with NaN here and there; alarm rows swing four times as far."""
    generator = np.random.default_rng(seed)
    alarm = np.zeros(rows, dtype=bool)
    for start, stop in ALARMS:
        alarm[start:stop] = True
    values = generator.normal(size=(rows, FEATURES)) * np.where(alarm, 4.0, 1.0)[:, None] + np.arange(
        FEATURES
    )
    values[generator.random(values.shape) < 0.02] = np.nan
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(rows)]
    clock = pl.Series("timestamp", times, pl.Datetime("us", "UTC"))
    transition = np.roll(alarm, -3) & ~alarm
    table = pl.DataFrame(
        {
            "timestamp": clock,
            "anomaly_label": pl.Series(alarm).cast(pl.Int8),
            "regime": np.where(alarm, "alarm", np.where(transition, "transition", "normal")),
            "label_source": [["period:swings"] if on else [] for on in alarm],
        }
    )
    features = pl.DataFrame(values, schema=[f"T{i}_std_3h" for i in range(FEATURES)]).fill_nan(None)
    return TrainingInputs(table if labelled else table.select("timestamp"), features.insert_column(0, clock))
