"""Medians and robust scales, from training rows only."""

import numpy as np
import pytest

from plant_assets.models.preprocess import Preprocessor


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
