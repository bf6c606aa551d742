"""How the champion is chosen, and what is said of the choice."""

import numpy as np
import polars as pl
import pytest

from plant_assets.models import candidates
from plant_assets.models.candidates import CandidateStanding, choose
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import CANDIDATES, CHAMPION, LGBM_SMOTE
from plant_assets.models.train import train
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.validation.ablation import smote_ablation
from plant_assets.validation.evaluate import GroundTruth
from tests.models import plants


@pytest.fixture(scope="module")
def inputs() -> TrainingInputs:
    """Kept, with the walk-forwards done on it."""
    return plants.inputs()


@pytest.fixture(scope="module")
def champion(inputs: TrainingInputs) -> TrainedModel:
    return train(CHAMPION, inputs, plants.profile())


def test_the_best_within_budget_is_taken():
    standings = [
        CandidateStanding("a", 0.6, True),
        CandidateStanding("b", 0.9, False),
        CandidateStanding("c", 0.8, True),
    ]
    assert choose(standings) == "c"


def test_in_a_tie_the_simpler_is_taken():
    assert (
        choose([CandidateStanding("simple", 0.795, True), CandidateStanding("complex", 0.80, True)])
        == "simple"
    )


def test_where_none_keeps_the_budget_the_best_is_taken():
    assert choose([CandidateStanding("a", 0.6, False), CandidateStanding("b", 0.9, False)]) == "b"


def test_an_undefined_metric_never_wins():
    assert choose([CandidateStanding("a", float("nan"), True), CandidateStanding("b", 0.1, True)]) == "b"
    assert choose([CandidateStanding("a", float("nan"), True)]) == "a"


def test_champion_answers_as_its_candidate_did_out_of_fold(champion: TrainedModel):
    assert champion.candidates is not None
    chosen = champion.candidates.filter(pl.col("model") == champion.params["candidate"])
    assert champion.oof["model"].unique().to_list() == ["champion"]
    assert champion.oof.drop("model").equals(chosen.drop("model"))


def test_champion_shows_every_candidate_and_the_nested_choice(champion: TrainedModel):
    assert champion.candidates is not None
    assert set(champion.candidates["model"].unique()) == {spec.name for spec in (*CANDIDATES, LGBM_SMOTE)}
    assert all(f"candidate.{spec.name}.pr_auc" in champion.metrics for spec in CANDIDATES)
    assert 0 <= champion.metrics["nested_pr_auc"] <= 1
    assert 0 <= champion.metrics["ablation.lgbm_smote.pr_auc"] <= 1
    assert champion.metrics["pr_auc"] > champion.metrics["base_rate"] + 0.2
    assert np.isfinite(list(champion.metrics.values())).all()


def test_the_ablation_stands_beside_its_partner_and_never_competes(champion: TrainedModel):
    assert champion.candidates is not None
    ground = GroundTruth(plants.inputs().labelled, plants.profile())
    (found,) = smote_ablation(ground, champion.candidates)
    assert (found.model, found.horizon) == ("lgbm_soft_alarm", 0)
    assert found.pr_auc_with.value == pytest.approx(champion.metrics["ablation.lgbm_smote.pr_auc"])
    assert found.pr_auc_without.value == pytest.approx(champion.metrics["candidate.lgbm_soft_alarm.pr_auc"])
    assert LGBM_SMOTE.name not in str(champion.params)


def test_folds_with_few_events_take_the_simplest(
    champion: TrainedModel, inputs: TrainingInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_choice_within", lambda *_: "lgbm_soft_alarm")
    choices = str(train(CHAMPION, inputs, plants.profile()).params["nested_choices"]).split(", ")
    simplest = CANDIDATES[0].name
    assert choices[:2] == [simplest, simplest]
    assert choices[-1] == "lgbm_soft_alarm"
    assert len(choices) == len(str(champion.params["nested_choices"]).split(", "))


def test_a_plant_without_labels_gets_the_ensemble_and_is_told_so():
    trained = train(CHAMPION, plants.inputs(labelled=False), plants.profile())
    assert trained.builder == "anomaly_ensemble"
    assert trained.model.calibrator is None
    assert trained.oof["y"].null_count() == trained.oof.height
    assert any("no labels" in note for note in trained.notes)
