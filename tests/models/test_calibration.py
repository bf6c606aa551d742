"""Platt's sigmoid under a prior, and the block that it's fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.models.calibration import PlattScaling, fit_platt, later_block, sigmoid


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
