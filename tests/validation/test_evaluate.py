import numpy as np
import polars as pl
import pytest

from plant_assets.validation import metrics
from plant_assets.validation.evaluate import GroundTruth
from tests.validation.plants import history, oracle


@pytest.fixture(scope="module")
def month(profile):
    return history(profile)


@pytest.fixture(scope="module")
def ground(month, profile):
    return GroundTruth(month, profile)


def test_points_are_those_of_the_metrics_and_lie_in_their_intervals(ground, month, profile):
    scored = ground.select_scores(oracle(month, profile, noise=1.0), "oracle", 0)
    result = ground.evaluate(scored)
    assert result.pr_auc.value == pytest.approx(metrics.pr_auc(scored.target, scored.score))
    assert result.roc_auc.value == pytest.approx(metrics.roc_auc(scored.target, scored.score))
    assert result.brier.value == pytest.approx(metrics.brier(scored.target, scored.probability))
    for interval in (result.pr_auc, result.roc_auc, result.brier, result.brier_skill, result.false_hours):
        assert interval.low <= interval.value <= interval.high


def test_false_alarm_rates_are_those_of_the_events(ground, month, profile):
    result = ground.evaluate(ground.select_scores(oracle(month, profile, noise=1.0), "oracle", 0))
    assert result.false_hours.value == pytest.approx(result.events.false_alarm_hours_per_day)
    assert result.false_episodes.value == pytest.approx(result.events.false_episodes_per_day)


def test_a_good_forecaster_is_judged_on_onsets_only(ground, month, profile):
    result = ground.evaluate(ground.select_scores(oracle(month, profile, noise=0.3, horizon=3), "oracle", 3))
    assert result.rows == int((month["anomaly_label"][150:] == 0).sum())
    assert result.base_rate == pytest.approx(3 / 40, abs=0.02)
    assert result.pr_auc.value > 0.9
    assert result.events.lead_median_h == 3
    assert result.periods_found == (0, 0)


def test_the_truth_is_todays_label_not_the_stored_one(ground, month, profile):
    stored = oracle(month, profile)
    wrong = stored.with_columns(y=1 - pl.col("y"))
    again = ground.evaluate(ground.select_scores(wrong, "oracle", 0))
    assert repr(again) == repr(ground.evaluate(ground.select_scores(stored, "oracle", 0)))


def test_rows_outside_the_history_drop_and_order_does_not_matter(ground, month, profile):
    stored = oracle(month, profile)
    strange = pl.concat(
        [
            stored.head(1).with_columns(pl.col("timestamp").dt.offset_by("5y")),
            stored.sample(fraction=1, shuffle=True),
        ]
    )
    again = ground.evaluate(ground.select_scores(strange, "oracle", 0))
    assert repr(again) == repr(ground.evaluate(ground.select_scores(stored, "oracle", 0)))


def test_operators_periods_are_counted_apart(ground, month, profile):
    stored = oracle(month, profile).with_columns(alarm=pl.lit(value=True))
    found, testable = ground.evaluate(ground.select_scores(stored, "oracle", 0)).periods_found
    assert found == testable
    assert 0 < testable < ground.evaluate(ground.select_scores(stored, "oracle", 0)).events.n_events


def test_folds_carry_their_own_figures(ground, month, profile):
    folds = ground.evaluate(ground.select_scores(oracle(month, profile), "oracle", 0)).folds
    assert [fold.fold for fold in folds] == [1, 2, 3, 4, 5]
    assert sum(fold.rows for fold in folds) == 750
    assert all(np.isfinite(fold.threshold) for fold in folds)


def test_an_unknown_model_has_no_rows_and_no_figures(ground, month, profile):
    result = ground.evaluate(ground.select_scores(oracle(month, profile), "nobody", 0))
    assert result.rows == 0
    assert not result.pr_auc.known
    assert result.folds == ()
