"""Medians and robust scales, from training rows only."""

import numpy as np
import pytest

from plant_assets.models.preprocess import Preprocessor, wander


def test_missing_values_become_the_training_median():
    rows = np.array([[1.0, np.nan], [3.0, 5.0], [np.inf, 7.0]])
    fitted = Preprocessor.fit(rows, ("a", "b"))
    assert fitted.impute(np.array([[np.nan, -np.inf]])).tolist() == [[2.0, 6.0]]


def test_scale_is_robust_and_never_0():
    rows = np.column_stack([[0.0, 1, 2, 3, 1e9], [5.0] * 5, [0.0, 0, 0, 0, 10], [np.nan] * 5])
    fitted = Preprocessor.fit(rows, ("a", "constant", "mostly", "empty"))
    assert fitted.scale.tolist() == pytest.approx([2.0, 1.0, 4.0, 1.0])
    assert np.isfinite(fitted.transform(rows)).all()


def test_other_rows_do_not_move_it():
    fitted = Preprocessor.fit(np.arange(10.0)[:, None], ("a",))
    before = fitted.transform(np.array([[4.5]]))
    fitted.transform(np.full((100, 1), 1e6))
    assert np.array_equal(before, fitted.transform(np.array([[4.5]])))


def test_a_feature_that_wanders_counts_less_and_only_where_it_is_asked_for() -> None:
    random = np.random.default_rng(1)
    steady, drifting = random.normal(size=(2, 800))
    rows = np.column_stack([steady, drifting + np.linspace(0, 20, 800), np.full(800, 3.0)])
    plain, calm = (
        Preprocessor.fit(rows, ("steady", "drifting", "constant"), discounts_wander=discounts)
        for discounts in (False, True)
    )
    assert (calm.scale / plain.scale)[0] == pytest.approx(1, abs=0.1)
    assert (calm.scale / plain.scale)[1] > 10
    assert calm.scale[2] < plain.scale[2] == 1  # what never moved is far out as soon as it does
    assert calm.center == pytest.approx(plain.center)


def test_wander_is_bounded_and_the_same_in_any_unit() -> None:
    steps = np.repeat(np.arange(8.0), 10)[:, None]
    assert wander(steps) == pytest.approx(np.sqrt(1 + 10 * 100))
    rows = np.random.default_rng(2).normal(size=(100, 3)).cumsum(axis=0)
    assert wander(rows * [1e-6, 1.0, 1e6] + 5) == pytest.approx(wander(rows), rel=1e-6)
    assert wander(rows[:1]) == pytest.approx(np.ones(3))
