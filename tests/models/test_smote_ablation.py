"""The ablation's model learns from the table of balanced rows, and is compared with the candidate that doesn't."""

import numpy as np
import polars as pl
import pytest

from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.nowcast_training import walk_nowcast
from plant_assets.models.resampling import smote_features
from plant_assets.models.scoring import nowcast_metrics
from plant_assets.models.smote_ablation import train_smote_ablation
from plant_assets.models.spec import LGBM_SMOTE, LGBM_SOFT_ALARM
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.validation.oof import join_oof
from tests.models import plants

PROFILE = plants.profile(folds=3)


@pytest.fixture(scope="module")
def inputs() -> TrainingInputs:
    return plants.inputs()


@pytest.fixture(scope="module")
def table(inputs: TrainingInputs) -> pl.DataFrame:
    return smote_features(inputs, PROFILE)


@pytest.fixture(scope="module")
def trained(table: pl.DataFrame, inputs: TrainingInputs) -> TrainedModel:
    return train_smote_ablation(table, inputs, PROFILE)


def test_the_table_holds_the_rows_that_balancing_the_whole_history_gives(trained, inputs):
    """So that its folds, which balance their own rows, judge the recipe of the model that is registered."""
    final, rows = walk_nowcast(LGBM_SMOTE, inputs, PROFILE).final.model, inputs.matrix("features")
    assert trained.model.decisions(rows) == pytest.approx(final.decisions(rows), abs=1e-6)


def test_it_learns_from_the_table_s_rows(trained, table, inputs):
    rows = inputs.matrix("features")
    real_only = train_smote_ablation(table.filter(~pl.col("synthetic")), inputs, PROFILE)
    assert not np.allclose(real_only.model.scores(rows), trained.model.scores(rows))
    assert trained.params["synthetic_rows_learnt"] == table["synthetic"].sum() > 0
    assert real_only.params["synthetic_rows_learnt"] == 0


def test_its_figures_have_those_without_smote_beside_them(trained, inputs):
    for spec, prefix in ((LGBM_SMOTE, ""), (LGBM_SOFT_ALARM, "without.")):
        expected = nowcast_metrics(join_oof(walk_nowcast(spec, inputs, PROFILE).answers), inputs, PROFILE)
        assert trained.metrics[f"{prefix}pr_auc"] == pytest.approx(expected["pr_auc"])
        assert trained.metrics[f"{prefix}brier"] == pytest.approx(expected["brier"])
    assert trained.oof["model"].unique().to_list() == ["lgbm_smote"]
    (note,) = trained.notes
    assert f"PR-AUC {trained.metrics['pr_auc']:.3f} ({trained.metrics['without.pr_auc']:.3f} without)" in note


def test_a_table_of_another_plant_is_refused(table, inputs):
    with pytest.raises(TrainingDataError, match="smote_features: no T3_std_3h; expected every feature"):
        train_smote_ablation(table.drop("T3_std_3h"), inputs, PROFILE)
