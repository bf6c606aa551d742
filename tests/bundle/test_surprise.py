"""The table of surprises against SciPy's, and its inverse."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr

from plant_assets.bundle.surprise import deviation, mean_deviation, surprise, surprise_slope

DEVIATIONS = st.lists(st.floats(-8, 55), min_size=1, max_size=20).map(np.array)


@given(DEVIATIONS)
def test_it_is_the_tail_of_a_standard_normal_distribution(values: np.ndarray) -> None:
    np.testing.assert_allclose(surprise(values), -log_ndtr(-values), rtol=0, atol=2e-5)


@given(DEVIATIONS)
def test_there_and_back(values: np.ndarray) -> None:
    np.testing.assert_allclose(deviation(surprise(values)), values, rtol=0, atol=1e-6)


@given(DEVIATIONS)
def test_its_slope(values: np.ndarray) -> None:
    step = 0.05
    rise = (surprise(values + step) - surprise(values - step)) / (2 * step)
    np.testing.assert_allclose(surprise_slope(values), rise, rtol=0.02, atol=1e-3)


@given(st.lists(st.floats(-5, 20), min_size=3, max_size=3))
def test_a_mean_lies_above_the_plain_one_and_below_the_largest(values: list[float]) -> None:
    weights = np.array([0.5, 0.3, 0.2])
    mean = mean_deviation(np.array(values)[:, None], weights)[0]
    assert weights @ values - 1e-3 <= mean <= max(values) + 1e-3


def test_beyond_the_table_it_stays() -> None:
    assert np.isfinite(surprise(np.array([-1e300, 1e300, -np.inf, np.inf]))).all()
