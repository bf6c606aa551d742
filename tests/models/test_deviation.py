import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.models.compile import compile_model
from plant_assets.models.deviation import next_deviation, train_deviation
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.spec import DEVIATION_PREDICTOR
from plant_assets.profile.load import load_profile

ROWS = 400


@pytest.fixture(scope="module")
def profile():
    return load_profile("demo")


def plant(*, carried: float) -> TrainingInputs:
    """A loop whose deviation carries over from row to row by `carried`; the rest is noise."""
    rng = np.random.default_rng(2)
    deviation = np.zeros(ROWS)
    for row in range(1, ROWS):
        deviation[row] = carried * deviation[row - 1] + rng.normal()
    times = pl.Series(
        "timestamp",
        [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(ROWS)],
        pl.Datetime("us", "UTC"),
    )
    labelled = pl.DataFrame(
        {"timestamp": times, "LIC31002_SP": np.full(ROWS, 70.0), "LIC31002_PV": 70.0 - deviation}
    )
    noise = {f"T{i}": rng.normal(size=ROWS) for i in range(30)}
    return TrainingInputs(
        labelled, pl.DataFrame({"timestamp": times, "LIC31002_deviation": deviation, **noise})
    )


def test_target_is_set_point_less_value_one_row_later(profile):
    inputs = plant(carried=0.5)

    target = next_deviation(inputs, profile)

    value = inputs.labelled["LIC31002_PV"].to_numpy()
    assert target[0] == pytest.approx(70.0 - value[1])
    assert np.isnan(target[-1])


def test_noise_alone_is_answered_by_zero(profile):
    trained = train_deviation(DEVIATION_PREDICTOR, plant(carried=0.0), profile)

    assert trained.metrics["mae"] <= 1.01 * trained.metrics["mae_zero"]


def test_a_deviation_that_carries_over_is_predicted(profile):
    metrics = train_deviation(DEVIATION_PREDICTOR, plant(carried=0.9), profile).metrics

    assert metrics["mae"] < 0.7 * metrics["mae_zero"]


def test_it_compiles_to_plain_data(profile):
    trained = train_deviation(DEVIATION_PREDICTOR, plant(carried=0.9), profile)

    _, calibrator, parts = compile_model(trained.model)

    assert calibrator is None
    assert parts.arrays["coefficients"].shape == (31,)


def test_a_plant_without_target_is_refused(profile):
    bare = profile.model_copy(update={"deviation_target": None})

    with pytest.raises(TrainingDataError, match="no deviation_target"):
        train_deviation(DEVIATION_PREDICTOR, plant(carried=0.5), bare)


@pytest.mark.real_data
def test_real_unit_is_predicted_no_worse_than_by_zero():
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if not folder:
        pytest.skip("FOREWARN_REAL_DATA isn't set")
    profile = load_profile("gas_treatment")
    table = pl.read_csv(Path(folder) / "gas_treatment" / "labeled_dataset.csv", try_parse_dates=True)
    times = pl.col("timestamp").dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    table = table.with_columns(times).select("timestamp", *profile.columns)
    features = compute_features(with_deviations(table, profile), feature_specs(profile))

    metrics = train_deviation(DEVIATION_PREDICTOR, TrainingInputs(table, features), profile).metrics

    assert metrics["mae"] <= 0.37
