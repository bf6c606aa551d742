"""Platt's sigmoid under a prior, isotonic regression, which of them is fitted, and the block that it's fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.models.calibration import (
    ISOTONIC_DAYS,
    ISOTONIC_ROWS,
    NEAREST,
    PlattScaling,
    fit_calibrator,
    fit_isotonic,
    fit_platt,
    has_many_rows,
    later_block,
    sigmoid,
)


def test_many_independent_rows_overrule_the_prior():
    generator = np.random.default_rng(1)
    scores = generator.normal(size=20_000)
    labels = (generator.random(20_000) < sigmoid(0.8 * scores + 0.3)).astype(np.int8)
    fitted = fit_platt(scores, labels, rows_per_day=1)
    assert fitted.slope == pytest.approx(0.8, abs=0.06)
    assert fitted.intercept == pytest.approx(0.3, abs=0.06)


def test_a_few_dependent_rows_leave_the_prior_standing():
    scores = np.linspace(-1, 1, 48)
    labels = (scores < 0).astype(np.int8)
    fitted = fit_platt(scores, labels, rows_per_day=24)
    assert fitted.slope * scores.std() > 1.0


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.sampled_from([0, 1])), min_size=1, max_size=60),
    st.sampled_from([1.0, 24.0]),
)
def test_ranks_never_change_and_probabilities_are_probabilities(
    rows: list[tuple[float, int]], per_day: float
):
    scores = np.array([score for score, _ in rows])
    fitted = fit_platt(scores, np.array([label for _, label in rows], dtype=np.int8), per_day)
    ordered = fitted.probability(np.sort(scores))
    assert fitted.slope > 0
    assert ((ordered >= 0) & (ordered <= 1)).all()
    assert (np.diff(ordered) >= 0).all()


def test_sigmoid_does_not_overflow():
    assert PlattScaling(1.0, 0.0).probability(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_later_block_leaves_the_gap_out_and_lies_last():
    labels = np.tile(np.array([0, 0, 1], dtype=np.int8), 40)
    block = later_block(labels, gap=10)
    assert block is not None
    assert block.later[-1] == 119
    assert block.later[0] - block.earlier[-1] == 11


def test_later_block_grows_until_it_holds_both_classes():
    labels = np.zeros(200, dtype=np.int8)
    labels[[*range(10, 20), *range(105, 115)]] = 1
    block = later_block(labels, gap=0)
    assert block is not None
    assert len(block.later) == 100


@pytest.mark.parametrize("alarms", [range(0), range(10), range(190, 200), range(4)])
def test_without_both_classes_on_both_sides_there_is_none(alarms: range):
    labels = np.zeros(200, dtype=np.int8)
    labels[list(alarms)] = 1
    assert later_block(labels, gap=24) is None


def stepped(rows: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose probability leaps at 0, which no sigmoid is like, and alarms drawn from it."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=rows)
    return scores, (random.random(rows) < np.where(scores < 0, 0.1, 0.6)).astype(np.int8)


def log_loss(labels: np.ndarray, probability: np.ndarray) -> float:
    return float(-np.log(np.where(labels == 1, probability, 1 - probability)).mean())


def test_isotonic_regression_finds_what_a_sigmoid_cannot():
    scores, labels = stepped(5000)
    unseen, truth = stepped(5000, seed=5)
    isotonic, platt = fit_isotonic(scores, labels, 1.0), fit_platt(scores, labels, 1.0)
    assert log_loss(truth, isotonic.probability(unseen)) < log_loss(truth, platt.probability(unseen)) - 0.01
    assert isotonic.probability(np.array([-1.0, 1.0])) == pytest.approx([0.1, 0.6], abs=0.05)


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.sampled_from([0, 1])), min_size=2, max_size=80),
    st.sampled_from([1.0, 24.0]),
)
def test_isotonic_regression_never_turns_ranks_and_is_never_certain(
    rows: list[tuple[float, int]], per_day: float
):
    scores = np.array([score for score, _ in rows])
    fitted = fit_isotonic(scores, np.array([label for _, label in rows], dtype=np.int8), per_day)
    ordered = fitted.probability(np.sort(scores))
    assert ((ordered > 0) & (ordered < 1)).all()
    assert (np.diff(ordered) >= 0).all()
    assert (np.diff(fitted.scores) > 0).all()
    assert (np.diff(fitted.probabilities) > 0).all()


def test_scores_that_differ_have_probabilities_that_differ():
    """So that a threshold on probabilities tells apart what one on scores does, beyond the outer knots too."""
    scores, labels = stepped(2000)
    fitted = fit_isotonic(scores, labels, 24.0)
    at = np.linspace(scores.min() - 3, scores.max() + 3, 500)
    assert (np.diff(fitted.probability(at)) > 0).all()
    assert fitted.score(fitted.probability(at)) == pytest.approx(at, abs=1e-6)


def test_no_line_between_knots_is_steep():
    scores, labels = stepped(5000)
    fitted = fit_isotonic(scores, labels, 1.0)
    assert np.diff(fitted.scores).min() >= NEAREST * scores.std() * 0.999


@pytest.mark.parametrize(
    ("rows", "alarms", "isotonic"),
    [
        (ISOTONIC_ROWS, ISOTONIC_DAYS, True),
        (ISOTONIC_ROWS - 1, ISOTONIC_DAYS, False),
        (ISOTONIC_ROWS, ISOTONIC_DAYS - 1, False),
        (ISOTONIC_ROWS, ISOTONIC_ROWS - ISOTONIC_DAYS + 1, False),
    ],
)
def test_it_takes_many_rows_and_days_of_either_class(rows: int, alarms: int, isotonic: bool):
    labels = (np.arange(rows) < alarms).astype(np.int8)
    fitted = fit_calibrator(np.random.default_rng(1).normal(size=rows), labels, rows_per_day=1.0)
    assert fitted.kind == ("isotonic" if isotonic else "platt")


def test_rows_of_a_minute_are_no_more_days_than_they_are():
    labels = np.tile(np.array([0, 1], dtype=np.int8), 5000)
    assert not has_many_rows(labels, rows_per_day=1440)
    assert has_many_rows(labels, rows_per_day=24)
