import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from plant_assets.validation.folds import NotEnoughRowsError, expanding_folds


@given(rows=st.integers(2, 900), folds=st.integers(2, 8), gap=st.integers(0, 60), purge=st.integers(0, 60))
def test_equals_scikit_learn_with_the_larger_of_gap_and_purge(rows, folds, gap, purge):
    cut = max(gap, purge)
    size = rows // (folds + 1)
    assume(size > 0 and rows - folds * size - cut > 0)
    expected = TimeSeriesSplit(n_splits=folds, gap=cut).split(np.zeros(rows))
    for (train, test), fold in zip(expected, expanding_folds(rows, folds, gap, purge), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)


@given(rows=st.integers(100, 900), purge=st.integers(0, 12))
def test_no_target_of_a_training_row_reaches_the_test_part(rows, purge):
    for train, test in expanding_folds(rows, 5, 0, purge):
        assert train[-1] + purge < test[0]


def test_the_month_of_the_protocol_has_560_rows_out_of_fold():
    folds = expanding_folds(673, 5, 24, 6)
    assert sum(len(fold.test) for fold in folds) == 560
    assert [fold.number for fold in folds] == [1, 2, 3, 4, 5]


def test_too_short_a_history_says_how_many_rows_are_needed():
    with pytest.raises(NotEnoughRowsError, match=r"30 rows are too few for 5 folds.*about 150 rows"):
        expanding_folds(30, 5, 24)


@pytest.mark.parametrize("arguments", [(100, 0, 0), (100, 5, -1), (100, 5, 0, -1)])
def test_nonsense_is_refused(arguments):
    with pytest.raises(ValueError, match="expected folds"):
        expanding_folds(*arguments)
