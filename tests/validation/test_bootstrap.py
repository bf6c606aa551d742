import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from plant_assets.validation import metrics
from plant_assets.validation.bootstrap import (
    difference_interval,
    event_blocks,
    event_interval,
    interval,
    metric_draws,
    metric_interval,
    ratio_interval,
    resample,
    wilson_interval,
)

START = np.datetime64("2015-01-01T00:00", "us")
METRICS = ("pr_auc", "roc_auc", "f1", "brier", "brier_skill")


def month(seed: int = 0, rows: int = 480):
    """Rows with two-day events each week, and a score that tells them a bit."""
    generator = np.random.default_rng(seed)
    label = ((np.arange(rows) // 24) % 7 < 2).astype(float)
    score = np.clip(0.3 + 0.2 * label + generator.normal(0, 0.2, rows), 0, 1)
    return START + np.arange(rows) * np.timedelta64(1, "h"), label, score


def drawn_of(times, label, replicates=200):
    return resample(event_blocks(times, label), label, seed=1, replicates=replicates)


def test_an_event_is_one_block_and_normal_rows_go_by_day():
    times = START + np.arange(72) * np.timedelta64(1, "h")
    label = np.zeros(72)
    label[20:40] = 1
    blocks = event_blocks(times, label)
    assert len(set(blocks[20:40])) == 1
    assert len(set(blocks)) == 4
    assert set(blocks[:20]).isdisjoint(blocks[40:])


@pytest.mark.parametrize("metric", METRICS)
def test_weighted_metrics_equal_those_of_rows_repeated(metric):
    times, label, score = month()
    score = score.round(1)
    drawn = drawn_of(times, label, 5)
    point, draws = metric_draws(label, score, drawn, metric)
    exact = getattr(metrics, metric)
    assert point == pytest.approx(exact(label, score))
    for weights, value in zip(drawn.weights, draws, strict=True):
        rows = np.repeat(np.arange(len(label)), weights.astype(int))
        assert value == pytest.approx(exact(label[rows], score[rows]), rel=1e-5)


def test_ranking_metrics_equal_scikit_learn_with_sample_weights():
    times, label, score = month(3)
    drawn = drawn_of(times, label, 3)
    for metric, theirs in (("pr_auc", average_precision_score), ("roc_auc", roc_auc_score)):
        _, draws = metric_draws(label, score, drawn, metric)
        for weights, value in zip(drawn.weights, draws, strict=True):
            assert value == pytest.approx(theirs(label, score, sample_weight=weights), rel=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from(METRICS))
def test_intervals_hold_the_point_estimate(seed, metric):
    times, label, score = month(seed, 240)
    found = metric_interval(label, score, drawn_of(times, label, 50), metric)
    assert found.known
    assert found.low <= found.value <= found.high


def test_every_replicate_has_events_and_normal_days():
    times, label, _ = month(rows=96)
    weights = drawn_of(times, label).weights
    assert (weights @ label > 0).all()
    assert (weights @ (1 - label) > 0).all()


def test_day_blocks_are_wider_than_rows_drawn_one_by_one():
    times, label, _ = month()
    daily = np.random.default_rng(5).normal(0, 0.2, 20)
    score = 0.4 + 0.1 * label + daily[np.arange(480) // 24]
    blocks = metric_interval(label, score, drawn_of(times, label), "roc_auc")
    rows = metric_interval(label, score, resample(np.arange(480), label, 1, 200), "roc_auc")
    assert blocks.high - blocks.low > 2 * (rows.high - rows.low)


def test_a_model_does_not_differ_from_itself_but_from_noise():
    times, label, score = month()
    drawn = drawn_of(times, label)
    same = difference_interval(label, score, score, drawn, "pr_auc")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    noise = np.random.default_rng(9).random(len(label))
    assert difference_interval(label, score, noise, drawn, "pr_auc").low > 0
    assert difference_interval(label, noise, score, drawn, "pr_auc").high < 0


def test_paired_difference_uses_only_rows_that_both_score():
    times, label, score = month()
    holes = score.copy()
    holes[:200] = np.nan
    found = difference_interval(label, holes, score, drawn_of(times, label), "brier")
    assert found.value == 0


def test_ratio_is_a_rate_per_unit():
    times, label, _ = month()
    alarm, normal = np.ones(480), label == 0
    found = ratio_interval(alarm * normal, normal / 24, drawn_of(times, label))
    assert [found.value, found.low, found.high] == pytest.approx([24, 24, 24])


@pytest.mark.parametrize("metric", METRICS)
def test_what_cannot_be_computed_is_not_known(metric):
    times, label, score = month()
    drawn = drawn_of(times, label)
    assert not metric_interval(label, np.full(480, np.nan), drawn, metric).known
    if metric not in ("brier", "f1"):
        assert not metric_interval(np.zeros(480), score, drawn, metric).known


def test_no_rows_and_no_events_give_nothing():
    assert len(event_blocks(START + np.arange(0) * np.timedelta64(1, "h"), [])) == 0
    assert resample(np.array([], dtype=np.intp), [], 1, 10).weights.shape == (10, 0)
    assert not event_interval([], "mean", 1).known
    assert not wilson_interval(0, 0).known
    assert not ratio_interval([], [], resample(np.array([], dtype=np.intp), [], 1, 10)).known
    assert not interval(float("nan"), np.array([1.0])).known


def test_same_seed_same_draws():
    times, label, _ = month()
    np.testing.assert_array_equal(drawn_of(times, label).weights, drawn_of(times, label).weights)
    leads = [1.0, 2.0, 5.0, 6.0]
    assert event_interval(leads, "median", 3) == event_interval(leads, "median", 3)


def test_recall_of_events_has_an_interval_also_where_all_are_found():
    assert event_interval([1, 1, 1, 0], "mean", 1).low < 0.75
    assert event_interval([1, 1, 1], "mean", 1).low == 1
    known = wilson_interval(5, 5)
    assert (known.value, known.high) == (1, 1)
    assert known.low == pytest.approx(0.649, abs=1e-3)
    assert wilson_interval(0, 8).low == 0
