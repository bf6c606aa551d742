import numpy as np
import pytest

from plant_assets.validation.targets import ahead_target, onset_target

NAN = np.nan


def test_onset_target_asks_only_rows_that_are_not_in_alarm():
    label = [0, 0, 0, 1, 1, 0, 0, 0]
    np.testing.assert_array_equal(onset_target(label, 1), [0, 0, 1, NAN, NAN, 0, 0, NAN])
    np.testing.assert_array_equal(onset_target(label, 2), [0, 1, 1, NAN, NAN, 0, NAN, NAN])


def test_onset_that_is_seen_is_known_even_where_later_rows_are_not():
    np.testing.assert_array_equal(onset_target([0, 1, NAN], 2), [1, NAN, NAN])


def test_ahead_target_is_the_label_h_rows_later():
    np.testing.assert_array_equal(ahead_target([0, 0, 1, 0], 2), [1, 0, NAN, NAN])
    np.testing.assert_array_equal(ahead_target([0, 1, 0, 0, 1], 3), [0, 1, NAN, NAN, NAN])


def test_a_label_that_is_absent_is_as_unknown_as_nan():
    np.testing.assert_array_equal(onset_target([0, None, 0, 1], 1), [NAN, NAN, 1, NAN])
    np.testing.assert_array_equal(ahead_target([0, None, 1], 1), [NAN, 1, NAN])


def test_a_horizon_longer_than_the_history_asks_nothing_that_is_not_known():
    np.testing.assert_array_equal(onset_target([0, 0], 5), [NAN, NAN])


def test_horizon_zero_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        onset_target([0, 1], 0)
