"""SMOTE stays in the training split, off the timeline, and marked."""

import numpy as np
import polars as pl

from plant_assets.models.calibration import later_block
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.resampling import smote, smote_features, training_split
from tests.models import plants

PROFILE = plants.profile()


def test_synthetic_rows_have_no_time_are_marked_and_balance_the_classes():
    table = smote_features(plants.inputs(), PROFILE)
    assert "timestamp" not in table.columns
    assert table.filter("synthetic")["anomaly_label"].unique().to_list() == [1]
    assert table["anomaly_label"].mean() == 0.5
    assert table.drop("anomaly_label", "synthetic").null_count().sum_horizontal().item() == 0


def test_the_training_split_is_what_supervised_models_learn_from():
    inputs = plants.inputs()
    block = later_block(inputs.labels, PROFILE.steps(PROFILE.validation.gap))
    assert block is not None
    real = smote_features(inputs, PROFILE).filter(~pl.col("synthetic"))
    assert real.height == len(block.earlier) < inputs.labelled.height
    assert real["anomaly_label"].to_list() == inputs.labels[block.earlier].tolist()


def test_all_rows_are_the_split_where_no_later_block_calibrates():
    assert training_split(np.zeros(100, np.int8), PROFILE).tolist() == list(range(100))


def test_rows_after_the_training_split_change_nothing():
    inputs = plants.inputs()
    last = training_split(inputs.labels, PROFILE)[-1]
    later = pl.int_range(pl.len()) > last
    features = inputs.features.with_columns(
        pl.when(later).then(1e6).otherwise(pl.col(name)).alias(name) for name in inputs.names("features")
    )
    assert smote_features(inputs, PROFILE).equals(
        smote_features(TrainingInputs(inputs.labelled, features), PROFILE)
    )


def test_synthetic_rows_lie_between_alarm_rows():
    rows = np.random.default_rng(1).normal(size=(60, 3))
    labels = np.zeros(60, dtype=np.int8)
    labels[:10] = 1
    made = smote(rows, labels, seed=1)
    assert made.shape == (40, 3)
    assert (made >= rows[:10].min(axis=0) - 1e-9).all()
    assert (made <= rows[:10].max(axis=0) + 1e-9).all()


def test_one_alarm_row_makes_none():
    labels = np.zeros(20, dtype=np.int8)
    labels[3] = 1
    assert smote(np.zeros((20, 2)), labels, seed=1).shape == (0, 2)
