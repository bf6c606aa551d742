"""Probabilities of several horizons in order, for whatever models say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.isotonic import isotonic_regression

from plant_assets.bundle.horizons import order_horizons

probabilities = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6), elements=st.floats(0, 1)
)


@given(probabilities)
def test_no_probability_falls_from_a_horizon_to_a_longer_one(values: np.ndarray):
    ordered = order_horizons(values)
    assert (np.diff(ordered, axis=0) >= 0).all()
    assert ((ordered >= 0) & (ordered <= 1)).all()


@given(probabilities)
def test_rows_in_order_stay_as_they_are_to_the_last_bit(values: np.ndarray):
    in_order = (np.diff(values, axis=0) >= 0).all(axis=0)
    assert np.array_equal(order_horizons(values)[:, in_order], values[:, in_order])


@given(probabilities)
def test_they_are_those_of_isotonic_regression(values: np.ndarray):
    expected = np.column_stack([isotonic_regression(row) for row in values.T])
    assert order_horizons(values) == pytest.approx(expected, abs=1e-12)


@given(probabilities, st.integers(0, 6))
def test_the_squared_errors_of_a_row_never_grow(values: np.ndarray, begins: int):
    """An alarm that starts within a horizon starts within the longer ones, so that what is true is in order too."""
    truth = (np.arange(len(values)) >= begins).astype(float)[:, None]
    before, after = (((p - truth) ** 2).sum(axis=0) for p in (values, order_horizons(values)))
    assert (after <= before + 1e-12).all()


def test_what_is_given_is_not_changed():
    values = np.array([[0.5], [0.25]])
    assert order_horizons(values).tolist() == [[0.375], [0.375]]
    assert values.tolist() == [[0.5], [0.25]]
