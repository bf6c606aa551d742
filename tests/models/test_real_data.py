"""The champion on the real unit, by the protocol and against the targets of the decision page."""

import polars as pl
import pytest

from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.labels.label import label
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.resampling import smote_features, training_split
from plant_assets.models.spec import CHAMPION
from plant_assets.models.train import train

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def inputs(real_data, profile) -> TrainingInputs:
    path = real_data / "gas_treatment" / "labeled_dataset.csv"
    raw = pl.read_csv(path, try_parse_dates=True).select(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), *profile.columns
    )
    features = compute_features(with_deviations(raw, profile), feature_specs(profile))
    return TrainingInputs(label(raw, profile), features)


def test_no_feature_comes_from_columns_that_leak(inputs):
    names = inputs.names("features")
    assert not [
        n for n in names if "_max" in n or "_min" in n or "failure" in n or "hour_of" in n or "day_of" in n
    ]


def test_champion_reaches_the_targets_and_no_more_than_can_be_true(inputs, profile):
    champion = train(CHAMPION, inputs, profile)
    figures = champion.metrics
    assert champion.oof.height == 560
    assert figures["base_rate"] == pytest.approx(0.45, abs=0.005)
    assert 0.82 <= figures["pr_auc"] <= 0.93
    assert 0.84 <= figures["roc_auc"] <= 0.93
    assert figures["nested_pr_auc"] >= 0.80
    assert figures["false_alarm_hours_per_day"] <= 4
    assert figures["false_episodes_per_day"] <= 0.5
    assert (figures["periods_found"], figures["periods"]) == (5, 5)


def test_smote_takes_rows_of_the_training_split_only(inputs, profile):
    table = smote_features(inputs, profile)
    assert (
        table.filter(~pl.col("synthetic")).height == len(training_split(inputs.labels, profile)) < 673 * 0.8
    )
    assert table["anomaly_label"].mean() == 0.5
