"""PSI and the Kolmogorov-Smirnov distance: what holds for all samples, and known values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from plant_assets.drift.distances import edges, ks, psi, quantiles, shares
from plant_assets.features.arrays import Floats

VALUES = st.floats(-1e6, 1e6, allow_nan=False)
SAMPLES = arrays(np.float64, st.integers(2, 60), elements=VALUES)


def even(values: Floats) -> Floats:
    return np.ones(len(values))


@given(SAMPLES, SAMPLES)
def test_without_weights_the_distance_is_the_textbooks(old: Floats, new: Floats) -> None:
    expected = stats.ks_2samp(old, new, method="asymp")[0]
    assert ks(old, even(old), new, even(new)) == pytest.approx(expected, abs=1e-12)


@given(SAMPLES, SAMPLES)
def test_both_distances_are_alike_from_either_side(old: Floats, new: Floats) -> None:
    assert ks(old, even(old), new, even(new)) == pytest.approx(ks(new, even(new), old, even(old)))
    limits = edges(old, even(old))
    before, now = shares(old, even(old), limits), shares(new, even(new), limits)
    assert psi(before, now) == pytest.approx(psi(now, before))
    assert psi(before, now) >= 0
    assert before.sum() == pytest.approx(1)
    assert (now > 0).all()


@given(SAMPLES)
def test_a_sample_is_at_no_distance_from_itself(old: Floats) -> None:
    limits = edges(old, even(old))
    table = shares(old, even(old), limits)
    assert psi(table, table) == 0
    assert ks(old, even(old), old, even(old)) == pytest.approx(0, abs=1e-12)


@given(SAMPLES, SAMPLES)
def test_a_weight_of_two_is_a_row_twice(old: Floats, new: Floats) -> None:
    twice, double = np.concatenate([old, old[:1]]), even(old)
    double[0] = 2
    assert ks(twice, even(twice), new, even(new)) == pytest.approx(ks(old, double, new, even(new)))
    halves = np.array([0.25, 0.5, 0.75])
    assert (quantiles(twice, even(twice), halves) == quantiles(old, double, halves)).all()


def test_known_values() -> None:
    assert psi(np.array([0.5, 0.5]), np.array([0.75, 0.25])) == pytest.approx(0.25 * np.log(3))
    assert ks(np.array([1.0, 2]), np.ones(2), np.array([3.0]), np.ones(1)) == 1
    assert ks(np.array([1.0, 2, 3, 4]), np.ones(4), np.array([3.0, 4]), np.ones(2)) == 0.5


@pytest.mark.parametrize("moved", [-1.0, 1.0])
def test_a_constant_that_moved_lies_in_another_bin(moved: float) -> None:
    old, new = np.full(50, 7.0), np.full(20, 7.0 + moved)
    limits = edges(old, even(old))
    assert psi(shares(old, even(old), limits), shares(new, even(new), limits)) > 1
