"""The isolation forest as the scores use it: coniferest's, exported as it answers, and one with scikit-learn's in what it says."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from plant_assets.bundle.forests import ForestFiles
from plant_assets.bundle.scorers import BundleArrays
from plant_assets.models.anomaly import AnomalyEnsemble, IsolationScore, views_of
from plant_assets.models.compile import BundleParts, compile_estimator
from plant_assets.models.fitted import UnsupervisedEstimator

NOBODY = np.zeros(1, np.int8)


def grown(rows: np.ndarray, trees: int = 20, seed: int = 1) -> IsolationScore:
    return IsolationScore(seed, trees).fit(rows, NOBODY)


def answers(score: UnsupervisedEstimator, rows: np.ndarray, folder) -> np.ndarray:
    parts = BundleParts(width=rows.shape[1])
    node = compile_estimator(score, parts)
    for name, content in parts.forests.items():
        (folder / name).write_bytes(content)
    return node.build(BundleArrays(parts.arrays), ForestFiles(folder), rows.shape[1])(rows)


@pytest.mark.parametrize("rows", [2, 90, 600])
def test_exported_answers_are_those_of_the_forest(rows: int, tmp_path):
    data = np.random.default_rng(1).standard_t(3, size=(rows, 30))
    score = IsolationScore(1).fit(data, NOBODY)
    np.testing.assert_allclose(answers(score, data, tmp_path), score.score(data), rtol=0, atol=1e-14)


@pytest.mark.parametrize("rows", [90, 600])
def test_scores_are_those_of_scikit_learn_but_for_chance(rows: int):
    data = np.random.default_rng(1).standard_t(3, size=(rows, 10))
    ours = grown(data, 2000).score(data)
    theirs, again = (
        -IsolationForest(n_estimators=500, random_state=seed).fit(data).score_samples(data) for seed in (1, 2)
    )
    assert np.abs(ours - theirs).max() < 2 * np.abs(again - theirs).max()


@pytest.mark.parametrize(
    "rows", [np.ones((50, 3)), np.eye(50)[:, :3]], ids=["equal rows", "constant features"]
)
def test_rows_that_hardly_split_are_answered_alike(rows: np.ndarray, tmp_path):
    score = grown(rows)
    np.testing.assert_allclose(answers(score, rows, tmp_path), score.score(rows), rtol=0, atol=1e-14)


def test_a_row_on_a_split_goes_the_forest_s_way(tmp_path):
    data = np.random.default_rng(1).normal(size=(200, 4))
    score = grown(data)
    assert score.model is not None
    splits = np.concatenate([tree.value[tree.left > 0] for tree in score.model.core_forest])[:400]
    rows = np.repeat(splits, 4).reshape(-1, 4)
    for given in (rows, np.nextafter(rows, np.inf), np.nextafter(rows, -np.inf)):
        np.testing.assert_allclose(answers(score, given, tmp_path), score.score(given), rtol=0, atol=1e-14)


def test_a_single_row_says_what_is_usual_of_all(tmp_path):
    score, far = grown(np.ones((1, 3))), np.array([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]])
    assert score.score(far) == pytest.approx(0.5)
    assert answers(score, far, tmp_path) == pytest.approx(0.5)


def test_a_far_row_is_isolated_sooner():
    data = np.random.default_rng(1).normal(size=(300, 5))
    scores = grown(data, 100).score(np.vstack([np.zeros(5), np.full(5, 9.0)]))
    assert scores[0] < 0.5 < scores[1]


def test_the_same_seed_gives_the_same_forest_and_another_one_does_not():
    data = np.random.default_rng(1).normal(size=(60, 5))
    first = grown(data).score(data)
    assert np.array_equal(first, grown(data.copy()).score(data))
    assert not np.array_equal(first, grown(data, seed=2).score(data))


@pytest.mark.parametrize("labelled", [True, False])
def test_one_tag_that_left_its_place_does_not_hide_what_the_others_tell(labelled: bool):
    generator = np.random.default_rng(1)
    score = AnomalyEnsemble(1, [np.arange(30)], 100, labelled=labelled).fit(
        generator.normal(size=(400, 30)), NOBODY
    )
    later = generator.normal(size=(200, 30))
    later[:, 0] += generator.uniform(0, 400, 200)
    faulty = np.arange(200) >= 100
    later[faulty, 1:7] += 2.5
    found = score.standardise(score.parts(generator.normal(size=(400, 30)))).score(later)
    assert np.quantile(found[faulty], 0.1) > np.quantile(found[~faulty], 0.9)


def test_views_are_where_the_plant_stands_and_how_it_moves():
    names = [
        "T1",
        "T1_mean_3h",
        "T1_std_3h",
        "T1_range_6h",
        "T1_diff_1h",
        "T1_meddev_72h",
        "T1_exceed_3h",
        "T1_slope_6h",
    ]
    stands, moves = views_of(names)
    assert stands.tolist() == [0, 1, 5, 6]
    assert moves.tolist() == [2, 3, 4, 7]
    assert [view.tolist() for view in views_of(["U", "I"])] == [[0, 1]]


@pytest.mark.parametrize("labelled", [True, False])
def test_what_shows_in_one_view_is_not_drowned_by_the_noise_of_the_other(labelled: bool):
    generator = np.random.default_rng(1)
    usual, held_out, later = generator.normal(size=(3, 400, 60))
    faulty = np.arange(400) >= 200
    later[faulty, :10] += 1.5

    def separation(*views: np.ndarray) -> float:
        score = AnomalyEnsemble(1, views, 100, labelled=labelled).fit(usual, NOBODY)
        found = score.standardise(score.parts(held_out)).score(later)
        return float((found[faulty][:, None] > found[~faulty]).mean())

    assert separation(np.arange(10), np.arange(10, 60)) > separation(np.arange(60)) + 0.05


def test_without_labels_what_no_longer_follows_the_rest_counts_too():
    generator = np.random.default_rng(1)
    usual, held_out, later = generator.normal(size=(3, 600, 1)) + 0.1 * generator.normal(size=(3, 600, 20))
    faulty = np.arange(600) >= 300
    later[faulty, :2] = 0.7 * generator.normal(
        size=(300, 2)
    )  # each where it always is, but not with the others

    def separation(labelled: bool) -> float:
        score = AnomalyEnsemble(1, [np.arange(20)], 100, labelled=labelled).fit(usual, NOBODY)
        found = score.standardise(score.parts(held_out)).score(later)
        return float((found[faulty][:, None] > found[~faulty]).mean())

    assert separation(labelled=False) > max(0.95, separation(labelled=True))


@pytest.mark.parametrize("labelled", [True, False])
def test_the_score_is_in_deviations_and_the_same_once_exported(labelled: bool, tmp_path):
    generator = np.random.default_rng(1)
    rows, held_out, fresh = generator.normal(size=(3, 400, 12))
    score = AnomalyEnsemble(1, [np.arange(4), np.arange(4, 12)], 50, labelled=labelled).fit(rows, NOBODY)
    score = score.standardise(score.parts(held_out))
    assert abs(np.median(score.score(fresh))) < 0.5
    alike = score.centers + score.scales * np.array([[0.0], [3.0]])
    assert score.combine(alike) == pytest.approx([0.0, 3.0])
    np.testing.assert_allclose(answers(score, fresh, tmp_path), score.score(fresh), rtol=0, atol=1e-9)


def test_a_member_that_is_far_out_leads_where_nobody_has_labelled():
    views = [np.arange(2), np.arange(2, 4)]
    plain, by_surprise = (AnomalyEnsemble(1, views, labelled=labelled) for labelled in (True, False))
    assert plain.combine(np.array([[0.0, 6.0, 0.0]])) == pytest.approx([2.0])
    assert by_surprise.combine(np.array([[0.0, 6.0, 0.0, 0.0, 0.0]])) > 3.0


@pytest.mark.parametrize("rows", [1, 2, 9])
@pytest.mark.parametrize("labelled", [True, False])
def test_few_rows_and_views_that_stood_still_give_finite_scores(rows: int, labelled: bool):
    generator = np.random.default_rng(1)
    usual = np.column_stack([generator.normal(size=(rows, 3)), np.zeros((rows, 3))])
    score = AnomalyEnsemble(1, [np.arange(3), np.arange(3, 6)], 20, labelled=labelled).fit(usual, NOBODY)
    found = score.standardise(score.parts(usual)).score(np.vstack([np.zeros(6), np.full(6, 1e9)]))
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 5000
