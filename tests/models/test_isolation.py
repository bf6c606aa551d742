"""The isolation forest against scikit-learn's, and where it could go wrong."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest as SklearnForest

from plant_assets.models.isolation import average_path, fit_isolation_forest


@pytest.mark.parametrize(("rows", "samples"), [(90, 90), (600, 256)])
def test_scores_are_those_of_scikit_learn_but_for_chance(rows: int, samples: int):
    data = np.random.default_rng(1).standard_t(3, size=(rows, 30))
    ours = fit_isolation_forest(data, 300, samples, seed=1).score(data)
    theirs = (
        -SklearnForest(n_estimators=300, max_samples=samples, random_state=1).fit(data).score_samples(data)
    )
    others = (
        -SklearnForest(n_estimators=300, max_samples=samples, random_state=2).fit(data).score_samples(data)
    )
    chance = np.abs(others - theirs).max()
    assert np.abs(ours - theirs).max() < 2 * chance
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)


def test_constant_features_are_passed_over():
    data = np.zeros((200, 20))
    data[:, 7] = np.random.default_rng(1).normal(size=200)
    forest = fit_isolation_forest(data, 20, 128, seed=1)
    assert set(np.unique(forest.feature)) == {-1, 7}


def test_equal_rows_end_in_one_leaf_and_look_usual():
    forest = fit_isolation_forest(np.ones((50, 3)), 10, 50, seed=1)
    assert (forest.feature == -1).all()
    assert forest.score(np.ones((1, 3)))[0] == pytest.approx(0.5)


def test_one_row_is_enough():
    assert np.isfinite(fit_isolation_forest(np.ones((1, 3)), 10, 256, seed=1).score(np.zeros((2, 3)))).all()


def test_a_far_row_is_isolated_sooner():
    data = np.random.default_rng(1).normal(size=(300, 5))
    scores = fit_isolation_forest(data, 100, 256, seed=1).score(np.vstack([np.zeros(5), np.full(5, 9.0)]))
    assert scores[0] < 0.5 < scores[1]


def test_average_path_is_that_of_the_paper():
    assert average_path(np.array([0, 1, 2])).tolist() == [0.0, 0.0, 1.0]
    assert average_path(np.array([256]))[0] == pytest.approx(10.2448, abs=1e-4)
