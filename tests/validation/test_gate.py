import numpy as np
import polars as pl
import pytest

from plant_assets.validation.baselines import baselines
from plant_assets.validation.folds import expanding_folds
from plant_assets.validation.gate import GateDecision, gate
from tests.validation.plants import history, oracle


@pytest.fixture(scope="module")
def month(profile):
    return history(profile)


@pytest.fixture(scope="module")
def trivial(month, profile):
    return baselines(month, expanding_folds(len(month), 5, 24), profile)


@pytest.fixture
def judge(month, trivial, profile):
    def run(challenger, champion=None, **changes) -> GateDecision:
        settings = {"labelled": month, "parity": 1e-9} | changes
        return gate(challenger, champion, settings.pop("trivial", trivial), profile, **settings)

    return run


def passed(verdict: GateDecision) -> dict[str, bool | None]:
    return {condition.name: condition.passed for condition in verdict.conditions}


def reasons(verdict: GateDecision) -> list[str]:
    """Sentences of the conditions that don't hold."""
    return [condition.sentence for condition in verdict.conditions if condition.passed is False]


def test_a_clearly_better_challenger_is_promoted(judge, month, profile):
    verdict = judge(oracle(month, profile, "new", 0.45), oracle(month, profile, "old", 1.6, seed=1))
    assert set(passed(verdict).values()) == {True}
    assert verdict.promote
    assert verdict.passed
    assert not verdict.first
    assert verdict.figures["gain_low"] > 0
    assert verdict.headline == "Promotion gate passed: the challenger new is promoted."


def test_a_worse_challenger_is_not(judge, month, profile):
    verdict = judge(oracle(month, profile, "new", 1.6, seed=1), oracle(month, profile, "old", 0.45))
    assert not verdict.promote
    assert passed(verdict)["gain over the champion"] is False
    assert any("worse than the champion" in reason for reason in reasons(verdict))


@pytest.mark.parametrize("simpler", [True, False])
def test_a_tie_goes_to_the_simpler_one(judge, month, profile, simpler):
    same = oracle(month, profile, "new", 0.45)
    verdict = judge(same, same.with_columns(model=pl.lit("old")), simpler=simpler)
    assert verdict.promote is simpler
    assert verdict.figures["gain"] == 0


def test_brier_skill_can_be_the_metric(judge, month, profile):
    new, old = oracle(month, profile, "new", 0.45), oracle(month, profile, "old", 1.6, seed=1)
    verdict = judge(new, old, metric="brier_skill")
    assert verdict.promote
    assert "Brier skill differs" in verdict.conditions[1].sentence


@pytest.mark.parametrize(("metric", "words"), [("roc_auc", "ROC-AUC differs"), ("f1", "F1 differs")])
def test_ranking_and_alarms_can_be_the_metric(judge, month, profile, metric, words):
    new, old = oracle(month, profile, "new", 0.45), oracle(month, profile, "old", 6.0, seed=1)
    verdict = judge(new, old, metric=metric)
    assert verdict.conditions[1].passed
    assert words in verdict.conditions[1].sentence
    assert verdict.figures[f"challenger_{metric}"] > verdict.figures[f"champion_{metric}"]


def test_the_first_champion_is_promoted_at_once_with_the_verdict_beside_it(judge, month, profile):
    verdict = judge(oracle(month, profile, "poor", 6.0, seed=1))
    assert verdict.promote
    assert verdict.first
    assert not verdict.passed
    assert passed(verdict)["gain over the champion"] is None
    assert verdict.headline == (
        "Promotion gate failed: the challenger poor is promoted, as it is the first champion."
    )


def test_not_even_the_first_champion_may_answer_differently_from_what_was_trained(judge, month, profile):
    assert not judge(oracle(month, profile), parity=2e-6).promote
    assert not judge(oracle(month, profile), parity=float("nan")).promote


def test_parity_that_was_not_measured_does_not_pass(judge, month, profile):
    champion = oracle(month, profile, "old", 1.6, seed=1)
    verdict = judge(oracle(month, profile, "new", 0.45), champion, parity=None)
    assert not verdict.promote
    assert "was not measured" in reasons(verdict)[0]


def test_too_few_events_are_refused_and_said(judge, month, profile, trivial):
    few = month.with_columns(
        anomaly_label=pl.when(pl.col("timestamp") < month["timestamp"][740])
        .then(0)
        .otherwise("anomaly_label"),
        label_source=pl.when(pl.col("timestamp") < month["timestamp"][740])
        .then(pl.lit([], pl.List(pl.String)))
        .otherwise("label_source"),
    )
    verdict = judge(oracle(few, profile, "new", 0.45), oracle(few, profile, "old", 1.6), labelled=few)
    assert not verdict.promote
    assert passed(verdict)["enough events"] is False
    assert "too few events" in verdict.headline


def test_more_false_episodes_than_the_budget_are_refused(judge, month, profile):
    noisy = oracle(month, profile, "new", 0.45).with_columns(
        alarm=pl.col("timestamp").dt.hour().is_in([1, 7, 13, 19])
    )
    verdict = judge(noisy, oracle(month, profile, "old", 1.6, seed=1))
    assert passed(verdict)["false alarms within budget"] is False
    assert not verdict.promote


def test_recall_under_the_champions_lower_bound_is_refused(judge, month, profile):
    new, old = oracle(month, profile, "new", 0.45), oracle(month, profile, "old", 0.6, seed=1)
    verdict = judge(new.with_columns(alarm=pl.lit(value=False)), old)
    assert passed(verdict)["recall at the required lead"] is False
    assert verdict.figures["recall"] == 0


def test_an_overconfident_challenger_is_refused(judge, month, profile):
    logit = (pl.col("probability") / (1 - pl.col("probability"))).log() * 3
    loud = oracle(month, profile, "new", 0.6).with_columns(probability=1 / (1 + (-logit).exp()))
    verdict = judge(loud, oracle(month, profile, "old", 2.0, seed=1))
    assert passed(verdict)["calibrated"] is False
    assert any("overconfident" in reason for reason in reasons(verdict))


def test_a_challenger_that_loses_to_a_trivial_baseline_is_refused_by_name(judge, month, profile):
    verdict = judge(oracle(month, profile, "new", 5.0, seed=1), oracle(month, profile, "old", 9.0, seed=2))
    assert passed(verdict)["beats every trivial baseline"] is False
    assert any("doesn't beat the trivial" in reason for reason in reasons(verdict))


def test_persistence_of_the_operators_label_is_not_asked_to_be_beaten_now(judge, month, profile):
    assert "baseline_persistence_pr_auc" not in judge(oracle(month, profile)).figures
    ahead = judge(oracle(month, profile, "forecaster_3h", 0.5, horizon=3), horizon=3)
    assert "baseline_persistence_pr_auc" in ahead.figures


def test_a_forecast_needs_the_required_lead(month, profile, trivial):
    late = profile.model_copy(
        update={"budget": profile.budget.model_copy(update={"required_lead": profile.horizons[-1]})}
    )
    ahead = oracle(month, profile, "forecaster_3h", 0.4, horizon=3)
    assert gate(ahead, None, trivial, late, labelled=month, horizon=3).figures["recall"] == 0
    assert gate(ahead, None, trivial, profile, labelled=month, horizon=3).figures["recall"] > 0.5


def test_champion_and_challenger_are_compared_on_the_rows_of_both(judge, month, profile):
    new, old = oracle(month, profile, "new", 0.45), oracle(month, profile, "old", 1.6, seed=1)
    assert judge(new, old.head(500)).figures["n_events"] < judge(new, old).figures["n_events"]


def test_a_history_without_labels_gives_a_verdict_and_no_crash(month, profile, trivial):
    bare = month.drop("anomaly_label", "label_source")
    verdict = gate(oracle(month, profile), None, trivial, profile, labelled=bare, parity=0.0)
    assert verdict.promote
    assert not verdict.passed
    assert np.isnan(verdict.figures["calibration_slope"])


def test_all_nan_scores_do_not_pass(judge, month, profile):
    silent = oracle(month, profile, "new").with_columns(
        score=pl.lit(None, pl.Float64), probability=pl.lit(None, pl.Float64), alarm=pl.lit(value=False)
    )
    verdict = judge(silent, oracle(month, profile, "old", 1.6))
    assert not verdict.promote
    assert "The gain in PR-AUC can't be computed." in reasons(verdict)


def test_two_models_in_one_table_are_refused(judge, month, profile, trivial):
    with pytest.raises(ValueError, match=r"challenger_oof: expected rows of one model at horizon 0 h"):
        judge(trivial)
