import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from plant_assets.validation.baseline_models import (
    clock_probability,
    hotelling_and_residual,
    one_tag_distance,
)
from plant_assets.validation.baselines import BASELINES, baselines
from plant_assets.validation.evaluate import GroundTruth
from plant_assets.validation.folds import expanding_folds
from plant_assets.validation.metrics import pr_auc, roc_auc
from tests.validation.plants import history


@pytest.fixture(scope="module")
def month(profile):
    return history(profile)


@pytest.fixture(scope="module")
def trivial(month, profile):
    return baselines(month, expanding_folds(len(month), 5, 24), profile)


def test_every_baseline_scores_every_test_row_at_every_horizon(trivial):
    counts = trivial.group_by("model", "horizon").len()
    assert set(counts["model"]) == set(BASELINES)
    assert set(counts["horizon"]) == {0, 1, 3, 6}
    assert set(counts["len"]) == {750}


def test_nothing_of_the_test_part_is_learnt(month, profile, trivial):
    fold = expanding_folds(len(month), 5, 24)[0]
    last = fold.test[0]
    changed = month.with_columns(
        pl.when(pl.int_range(pl.len()) < last - 24)
        .then("anomaly_label")
        .otherwise(1 - pl.col("anomaly_label"))
    )
    learnt = ("base_rate", "clock_only", "one_tag_limit", "pca_t2_spe")
    own = pl.col("model").is_in(learnt) & (pl.col("fold") == 1) & (pl.col("horizon") == 0)
    again = baselines(changed, [fold], profile).filter(own)
    for column in ("score", "threshold", "alarm"):
        assert again[column].equals(trivial.filter(own)[column])


def test_no_training_target_reaches_the_test_part(month, profile):
    fold = expanding_folds(len(month), 5, 0)[0]
    quiet = month.with_columns(
        anomaly_label=(pl.int_range(pl.len()) == int(fold.test[0])).cast(pl.Int8),
        label_source=pl.lit([], pl.List(pl.String)),
    )
    rates = baselines(quiet, [fold], profile).filter(pl.col("model") == "base_rate")
    assert rates["score"].to_list() == [0.0] * len(rates)


def test_rules_and_persistence_are_states_without_a_delay(month, trivial):
    label = month["anomaly_label"].to_numpy()
    sources = month.select("timestamp", "label_source")
    now = trivial.filter(horizon=0).join(sources, on="timestamp", maintain_order="left")
    rules = now.filter(model="label_rules")
    assert rules["alarm"].to_list() == [
        s == ["rule:level_deviation"] for s in rules["label_source"].to_list()
    ]
    assert now.filter(model="persistence")["alarm"].to_list() == (label[149:-1] == 1).tolist()


def alarms(table: pl.DataFrame, model: str, horizon: int) -> list[bool]:
    return table.filter(model=model, horizon=horizon)["alarm"].to_list()


def test_a_rule_counts_beside_a_period_and_one_that_is_not_known_does_not(month, profile):
    fold = expanding_folds(len(month), 5, 24)[0]
    sources = [["period:upset", "rule:level_deviation"], ["rule:of_another_plant"], None, []]
    listed = month["label_source"].to_list()
    listed[fold.test[0] : fold.test[0] + 4] = sources
    found = baselines(month.with_columns(label_source=pl.Series(listed)), [fold], profile)
    assert alarms(found, "label_rules", 0)[:4] == [True, False, False, False]


def test_rules_see_an_alarm_ahead_in_a_transition_and_none_now(month, profile):
    fold = expanding_folds(len(month), 5, 24)[0]
    position = pl.int_range(pl.len()) - int(fold.test[0])
    regime = pl.when(position == 0).then(pl.lit("transition")).when(position != 1).then("regime")
    found = baselines(
        month.with_columns(regime=regime, label_source=pl.lit([], pl.List(pl.String))), [fold], profile
    )
    assert alarms(found, "label_rules", 1)[:3] == [True, False, False]
    assert not any(alarms(found, "label_rules", 0))


def test_a_row_without_a_label_is_no_alarm_and_not_asked(month, profile):
    fold = expanding_folds(len(month), 5, 24)[0]
    unknown = pl.int_range(pl.len()) == int(fold.test[0])
    label = pl.when(~unknown).then("anomaly_label")
    now = baselines(month.with_columns(anomaly_label=label), [fold], profile).filter(horizon=0)
    always = now.filter(model="always_alarm")
    assert always["y"][:2].to_list() == [None, month["anomaly_label"].to_numpy()[fold.test[1]]]
    assert now.filter(model="persistence")["score"][1] is None


def test_the_clock_is_that_of_hours_and_of_weekdays(month, profile):
    day, hour = month["timestamp"].dt.weekday(), month["timestamp"].dt.hour()
    for alarm in (day == 3, hour == 23):
        labelled = month.with_columns(anomaly_label=alarm.cast(pl.Int8))
        table = baselines(labelled, expanding_folds(len(month), 5, 24), profile)
        clock = table.filter(model="clock_only", horizon=0)
        scores = clock.group_by(y="y").agg(pl.col("score").mean()).sort("y")["score"].to_list()
        assert scores[1] > 0.5 > 0.1 > scores[0]


def test_a_reading_that_is_missing_is_scored_by_the_others(month, profile):
    fold = expanding_folds(len(month), 5, 24)[0]
    gone = pl.int_range(pl.len()) == int(fold.test[0])
    some = month.with_columns(pl.when(~gone).then(tag).alias(tag) for tag in profile.used_tags[:3])
    table = baselines(some, [fold], profile)
    assert table.filter(model="pca_t2_spe", horizon=0)["score"].null_count() == 0


def test_a_history_without_labels_is_scored_as_nothing(month, profile):
    bare = month.drop("anomaly_label", "regime", "label_source")
    scored = baselines(bare, expanding_folds(len(bare), 5, 24), profile)
    assert scored.filter(model="pca_t2_spe")["score"].null_count() == 750 * 4
    assert scored["y"].null_count() == len(scored)


def test_clock_equals_a_one_hot_logistic_regression():
    rng = np.random.default_rng(0)
    clock = np.column_stack([rng.integers(0, 24, 400), rng.integers(0, 7, 400)])
    target = (rng.random(400) < 0.1 + 0.5 * (clock[:, 0] > 18)).astype(float)
    train = np.arange(300)
    encoded = OneHotEncoder(categories=[range(24), range(7)]).fit_transform(clock)
    theirs = LogisticRegression(C=1, max_iter=2000, tol=1e-9).fit(encoded[train], target[train])
    ours = clock_probability(clock, target, train)
    np.testing.assert_allclose(ours, theirs.predict_proba(encoded)[:, 1], atol=1e-4)


def test_one_tag_limit_takes_the_tag_that_tells():
    rng = np.random.default_rng(1)
    target = (np.arange(200) % 20 == 0).astype(float)
    readings = rng.normal(size=(200, 3))
    readings[:, 1] += 6 * target
    distance = one_tag_distance(readings, target, np.flatnonzero(target == 0), np.arange(200))
    assert roc_auc(target, distance) > 0.99


def test_pca_sees_a_broken_correlation_that_no_single_tag_shows():
    rng = np.random.default_rng(2)
    shared = rng.normal(size=500)
    readings = np.column_stack([shared, shared, shared]) + rng.normal(0, 0.05, (500, 3))
    readings[400:, 2] = rng.permutation(readings[400:, 2])
    target = (np.arange(500) >= 400).astype(float)
    assert pr_auc(target, hotelling_and_residual(readings, np.arange(400))) > 0.85


@pytest.mark.parametrize("readings", [np.full((10, 2), 3.0), np.full((10, 2), np.nan)])
def test_constant_or_absent_readings_give_no_score(readings):
    rows = np.arange(10)
    assert np.isnan(hotelling_and_residual(readings, rows)).all()
    assert np.isnan(one_tag_distance(readings, np.zeros(10), rows, rows)).all()


def test_one_missing_tag_does_not_silence_pca():
    readings = np.random.default_rng(3).normal(size=(50, 3))
    readings[:, 1] = np.nan
    assert np.isfinite(hotelling_and_residual(readings, np.arange(40))).all()


NOW = {"always_alarm": (0.45, 0.5, 0.621), "label_rules": (0.566, 0.605, 0.348)}


@pytest.mark.real_data
@pytest.mark.parametrize("model", NOW)
def test_nowcast_yardsticks_on_the_real_unit(real_labelled, real_baselines, profile, model):
    ground = GroundTruth(real_labelled, profile)
    result = ground.evaluate(ground.select_scores(real_baselines, model, 0))
    found = (result.pr_auc.value, result.roc_auc.value, result.f1)
    assert found == pytest.approx(NOW[model], abs=1e-3)
    assert (result.rows, result.base_rate) == (560, pytest.approx(0.45))


@pytest.mark.real_data
def test_rules_never_alarm_falsely_and_always_alarming_does_all_day(real_labelled, real_baselines, profile):
    ground = GroundTruth(real_labelled, profile)
    rules, always = (
        ground.evaluate(ground.select_scores(real_baselines, m, 0)) for m in ("label_rules", "always_alarm")
    )
    assert rules.false_hours.value == 0
    assert rules.brier.value == pytest.approx(0.355, abs=1e-3)
    assert always.false_hours.value == pytest.approx(24)
    assert always.periods_found == (5, 5)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("horizon", "all_rows", "brier", "base", "clock"),
    [(1, 0.948, 0.030, 0.026, 0.110), (3, 0.900, 0.059, 0.075, 0.160), (6, 0.833, 0.101, 0.136, 0.218)],
)
def test_forecast_yardsticks_on_the_real_unit(
    real_labelled, real_baselines, profile, horizon, all_rows, brier, base, clock
):
    ground = GroundTruth(real_labelled, profile)
    persistence = ground.evaluate(ground.select_scores(real_baselines, "persistence", horizon))
    assert persistence.all_rows_pr_auc == pytest.approx(all_rows, abs=1e-3)
    assert persistence.all_rows_brier == pytest.approx(brier, abs=1e-3)
    assert persistence.base_rate == pytest.approx(base, abs=6e-4)
    assert persistence.events.n_events == 8
    by_clock = ground.evaluate(ground.select_scores(real_baselines, "clock_only", horizon))
    assert by_clock.pr_auc.value == pytest.approx(clock, abs=0.08)
