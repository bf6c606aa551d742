"""What every nowcast, anomaly and regime model must hold to, whichever family it is."""

import numpy as np
import polars as pl
import pytest

from plant_assets.models.compile import compile_model
from plant_assets.models.fitted import FittedModel
from plant_assets.models.fitting import fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.nowcast_training import walk_nowcast
from plant_assets.models.spec import CANDIDATES, ISOLATION_FOREST, LGBM_SMOTE, REGIME_CLASSIFIER, ModelSpec
from plant_assets.models.train import train
from plant_assets.models.walk_forward import plant_folds
from plant_assets.validation.oof import OOF_SCHEMA, checked_oof
from tests.models import plants

FITTED = (ISOLATION_FOREST, *CANDIDATES, LGBM_SMOTE)
ALL = (*FITTED, REGIME_CLASSIFIER)
PROFILE = plants.profile(folds=3, trees=60)


@pytest.fixture(scope="module")
def inputs() -> TrainingInputs:
    return plants.inputs()


@pytest.fixture(scope="module")
def fresh() -> TrainingInputs:
    """The same rows, with nothing kept of what was fitted on them before."""
    return plants.inputs()


@pytest.fixture(scope="module", params=ALL, ids=lambda spec: spec.name)
def trained(request: pytest.FixtureRequest, inputs: TrainingInputs):
    return train(request.param, inputs, PROFILE)


def test_out_of_fold_rows_are_the_test_rows_of_all_folds(trained, inputs):
    folds = plant_folds(inputs, PROFILE)
    expected = inputs.timestamps[np.concatenate([fold.test for fold in folds])]
    assert checked_oof(trained.oof).schema == OOF_SCHEMA
    assert trained.oof["timestamp"].to_list() == expected.to_list()
    assert trained.oof["model"].unique().to_list() == [trained.spec.name]
    assert trained.oof["score"].is_finite().all()


def test_probabilities_lie_between_0_and_1_where_calibrated(trained):
    probability = trained.oof["probability"].drop_nulls()
    if trained.spec.calibrated:
        assert len(probability) == trained.oof.height
    assert probability.is_between(0, 1).all()


def test_answers_one_row_and_rows_without_any_value(trained, inputs):
    rows = inputs.matrix_for(trained.spec)
    together = trained.model.decisions(rows)
    assert together.shape == (len(rows),)
    assert trained.model.decisions(rows[5:6])[0] == pytest.approx(together[5], abs=1e-12)
    assert np.isfinite(trained.model.decisions(np.full((1, rows.shape[1]), np.nan))).all()


def test_a_wrong_number_of_features_is_refused(trained, inputs):
    with pytest.raises(ValueError, match="expected rows of 8 features"):
        trained.model.decisions(inputs.matrix_for(trained.spec)[:, :-1])


def test_a_disturbed_row_scores_higher_than_a_usual_one(trained, inputs):
    if trained.spec.name in ("lr_soft_alarm", "regime_classifier"):
        pytest.skip("a linear model can't see swings to both sides; its direction is tested on a shift")
    usual = np.nanmedian(inputs.matrix_for(trained.spec), axis=0)
    rows = np.vstack([usual, usual + 6.0 * np.resize([1.0, -1.0], len(usual))])
    decisions = trained.model.decisions(rows)
    assert decisions[1] > decisions[0]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_direction_where_alarms_shift_the_level(spec: ModelSpec, inputs):
    shifted = _shift(inputs, np.flatnonzero(inputs.labels), 5.0)
    model = _fitted_on_all_rows(spec, shifted)
    usual = np.nanmedian(shifted.matrix_for(spec)[shifted.labels == 0], axis=0)
    decisions = model.decisions(np.vstack([usual, usual + 5.0]))
    assert decisions[1] > decisions[0]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_training_again_gives_the_same_answers(spec: ModelSpec, inputs, fresh):
    first, again = train(spec, inputs, PROFILE), train(spec, fresh, PROFILE)
    assert first.oof.equals(again.oof)
    assert first.model.threshold == again.model.threshold


@pytest.mark.parametrize("spec", FITTED, ids=lambda spec: spec.name)
def test_rows_after_the_training_part_change_nothing_in_a_fold(spec: ModelSpec, inputs):
    folds = plant_folds(inputs, PROFILE)
    first_test = int(folds[2].test[0])
    later = np.arange(first_test, inputs.labelled.height)
    disturbed = _flip_labels(_shift(inputs, later, 50.0), later)
    before, after = walk_nowcast(spec, inputs, PROFILE), walk_nowcast(spec, disturbed, PROFILE)
    probe = inputs.matrix_for(spec)[:50]
    for place in range(3):
        one, other = before.fits[place].model, after.fits[place].model
        assert one.threshold == other.threshold
        assert np.array_equal(one.decisions(probe), other.decisions(probe))


@pytest.mark.parametrize("spec", FITTED, ids=lambda spec: spec.name)
def test_compiles_to_plain_data(spec: ModelSpec, inputs):
    _, calibrator, parts = compile_model(_fitted_on_all_rows(spec, inputs))
    assert (calibrator is not None) == spec.calibrated
    assert all(array.dtype.kind == "f" for array in parts.arrays.values())


def _fitted_on_all_rows(spec: ModelSpec, inputs: TrainingInputs) -> FittedModel:
    """The model that answers, without the folds that judge it."""
    if spec is REGIME_CLASSIFIER:
        return train(spec, inputs, PROFILE).model
    rows, names = inputs.matrix_for(spec), inputs.names(spec.feature_set)
    return fit_nowcast(spec, names, rows, inputs.labels, PROFILE).model


def _shift(inputs: TrainingInputs, rows: np.ndarray, by: float) -> TrainingInputs:
    moved = pl.Series(np.isin(np.arange(inputs.features.height), rows))
    features = inputs.features.with_columns(
        pl.when(moved).then(pl.col(name) + by).otherwise(pl.col(name)).alias(name)
        for name in inputs.names("features")
    )
    return TrainingInputs(inputs.labelled, features)


def _flip_labels(inputs: TrainingInputs, rows: np.ndarray) -> TrainingInputs:
    flipped = pl.Series(np.isin(np.arange(inputs.features.height), rows))
    label = pl.col("anomaly_label")
    turned = pl.when(flipped).then(1 - label).otherwise(label).cast(pl.Int8).alias("anomaly_label")
    return TrainingInputs(inputs.labelled.with_columns(turned), inputs.features)
