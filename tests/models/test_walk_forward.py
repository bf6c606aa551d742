"""The way through the folds: which rows are fitted, and when."""

import numpy as np
import pytest

from plant_assets.models.walk_forward import walk_forward
from plant_assets.validation.folds import expanding_folds

FOLDS = expanding_folds(6, 2, gap=0)


@pytest.mark.parametrize(("refits", "at_once"), [(True, [2, 4, 6]), (False, [2, 4])])
def test_all_rows_are_fitted_at_once_or_when_that_fit_is_asked_for_and_once(refits: bool, at_once: list[int]):
    fitted: list[int] = []

    def fit(rows: np.ndarray) -> int:
        fitted.append(len(rows))
        return len(rows)

    walk = walk_forward(fit, lambda rows, fold: (rows, fold.number), FOLDS, refits=refits)
    assert walk.answers == ((2, 1), (4, 2))
    assert sorted(fitted) == at_once
    assert (walk.final, walk.final) == (6, 6)
    assert sorted(fitted) == [2, 4, 6]


def test_a_fault_of_the_fit_on_all_rows_is_told_at_once():
    def fit(rows: np.ndarray) -> int:
        if len(rows) == 6:
            raise ValueError("no convergence")
        return 0

    with pytest.raises(ValueError, match="no convergence"):
        walk_forward(fit, lambda rows, fold: None, FOLDS)
