"""The one entrance: what it refuses, what it falls back to, what it reports."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from plant_assets.models.anomaly import IsolationScore
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.spec import (
    ISOLATION_FOREST,
    LR_SOFT_ALARM,
    REGIME_CLASSIFIER,
    RF_SOFT_ALARM,
    model_spec,
    model_specs,
)
from plant_assets.models.train import NoLabelsError, train, untrainable
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import IsolationForest
from plant_assets.validation.events import debounce
from plant_assets.validation.folds import NotEnoughRowsError
from tests.models import plants

PROFILE = plants.profile()


@pytest.mark.parametrize(
    "spec", [LR_SOFT_ALARM, RF_SOFT_ALARM, REGIME_CLASSIFIER, *model_specs(PROFILE)[5:8]]
)
def test_supervised_models_refuse_a_plant_without_labels(spec):
    with pytest.raises(NoLabelsError, match="plant gas_treatment has no labels"):
        train(spec, plants.inputs(labelled=False), PROFILE)


def test_isolation_forest_learns_without_labels():
    trained = train(ISOLATION_FOREST, plants.inputs(labelled=False), plants.profile(folds=2))
    assert trained.metrics.get("pr_auc") is None
    assert np.isfinite(trained.model.threshold)
    assert trained.oof["alarm"].mean() < 0.5


def forest(**options: float) -> PlantProfile:
    """The plant with options of its anomaly model."""
    profile = plants.profile(folds=2)
    return profile.model_copy(update={"isolation_forest": IsolationForest.model_validate(options)})


@pytest.mark.parametrize("labelled", [True, False])
def test_a_given_contamination_is_the_share_of_training_rows_at_or_above_the_threshold(labelled: bool):
    inputs, profile = plants.inputs(labelled=labelled), forest(trees=50, contamination=0.05)
    trained, again = (train(ISOLATION_FOREST, given, profile) for given in (inputs, plants.inputs()))
    scores = trained.model.decisions(inputs.matrix("features"))
    assert (scores >= trained.model.threshold).mean() == pytest.approx(0.05, abs=1 / len(scores))
    assert trained.model.threshold == np.quantile(scores, 0.95)
    assert again.model.threshold == trained.model.threshold
    assert again.oof["score"].equals(trained.oof["score"])


def test_the_plant_says_how_many_trees_its_anomaly_model_has():
    profile = forest(trees=40)
    (spec,) = [s for s in model_specs(profile) if s.name == ISOLATION_FOREST.name]
    trained = train(spec, plants.inputs(), profile)
    estimator = trained.model.estimator
    assert isinstance(estimator, IsolationScore)
    assert estimator.model is not None
    assert estimator.model.n_trees == 40
    assert spec.title == "IsolationForest, 40 trees"
    assert (trained.params["trees"], trained.params["contamination"]) == (40, None)


def test_too_short_a_history_is_refused_with_what_is_needed():
    inputs = plants.inputs()
    short = TrainingInputs(inputs.labelled[:100], inputs.features[:100])
    with pytest.raises(NotEnoughRowsError, match="expected about"):
        train(ISOLATION_FOREST, short, PROFILE)


def test_one_class_in_a_training_part_falls_back_and_is_noted():
    inputs = plants.inputs()
    late = inputs.labelled.with_columns(
        pl.when(pl.int_range(pl.len()) < 300)
        .then(0)
        .otherwise("anomaly_label")
        .cast(pl.Int8)
        .alias("anomaly_label")
    )
    trained = train(LR_SOFT_ALARM, TrainingInputs(late, inputs.features), PROFILE)
    assert any("fold 1: fell back to the base rate" in note for note in trained.notes)
    assert trained.metrics["folds_with_fallback"] >= 1
    assert trained.oof.filter(pl.col("fold") == 1)["probability"].n_unique() == 1


def test_alarms_are_the_debounced_decisions():
    trained = train(RF_SOFT_ALARM, plants.inputs(), PROFILE)
    for _, fold in trained.oof.group_by("fold", maintain_order=True):
        alarm = debounce(fold["decision"].to_numpy(), fold["threshold"][0], PROFILE.budget)
        assert fold["alarm"].to_list() == alarm.tolist()


def test_profile_names_the_eight_models():
    names = [spec.name for spec in model_specs(PROFILE)]
    assert names == [
        "isolation_forest",
        "regime_classifier",
        "lr_soft_alarm",
        "rf_soft_alarm",
        "deviation_predictor",
        "forecaster_1h",
        "forecaster_3h",
        "forecaster_6h",
        "champion",
    ]
    assert model_spec("forecaster_3h", PROFILE).registry_name(PROFILE) == "plant_alarm_forecaster_3h"


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match=r"expected one of .*champion"):
        model_spec("oracle", PROFILE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i: {"features": i.features[1:]}, "features: timestamps differ"),
        (lambda i: {"labelled": i.labelled[:0]}, "labelled: no rows"),
        (lambda i: {"labelled": i.labelled.reverse()}, "not ascending and unique"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, message: str):
    inputs = plants.inputs()
    tables = {"labelled": inputs.labelled, "features": inputs.features} | change(inputs)
    with pytest.raises(TrainingDataError, match=message):
        TrainingInputs(**tables)


def test_window_features_are_asked_for_by_name():
    spec = replace(ISOLATION_FOREST, feature_set="window_features")
    with pytest.raises(TrainingDataError, match="window_features: missing"):
        train(spec, plants.inputs(), PROFILE)


def test_each_kind_of_model_has_a_trainer_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, tuple[object, ...]]] = []
    for name in ("champion", "forecaster", "deviation", "regime", "nowcast"):
        monkeypatch.setattr(
            f"plant_assets.models.train.train_{name}", lambda *given, name=name: called.append((name, given))
        )
    inputs, found = plants.inputs(), {}
    for spec in model_specs(PROFILE):
        train(spec, inputs, PROFILE)
        name, given = called[-1]
        assert given == ((spec, inputs, PROFILE, "pr_auc") if name == "champion" else (spec, inputs, PROFILE))
        found[spec.name] = name
    assert {spec: name for spec, name in found.items() if name != "nowcast"} == {
        "regime_classifier": "regime",
        "deviation_predictor": "deviation",
        "forecaster_1h": "forecaster",
        "forecaster_3h": "forecaster",
        "forecaster_6h": "forecaster",
        "champion": "champion",
    }
    train(model_spec("champion", PROFILE), inputs, PROFILE, "brier_skill")
    assert called[-1][1][-1] == "brier_skill"


def test_why_a_model_can_t_be_trained_ends_with_what_would_help() -> None:
    reason = untrainable([LR_SOFT_ALARM, ISOLATION_FOREST], PROFILE, has_labels=False)
    assert list(reason) == ["lr_soft_alarm"]
    assert reason["lr_soft_alarm"].endswith("Expected alarm rules, known periods or an operator log")
    assert untrainable([LR_SOFT_ALARM], PROFILE, has_labels=True) == {}
