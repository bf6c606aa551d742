from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.forests import ForestFiles
from plant_assets.bundle.scorers import BundleArrays, ForestNode
from plant_assets.models.compile import BundleParts, CompileError, compile_estimator, compile_model
from plant_assets.models.compile_trees import FittedTree, TreeEnsemble, to_onnx
from plant_assets.models.fitted import Estimator
from plant_assets.models.nowcast import LightGbm, RandomForest, XgBoost
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import ESTIMATORS, inputs_of, trained_model


def answers(trained, rows, folder):
    """What the compiled model answers, built from its parts alone."""
    node, calibrator, parts = compile_model(trained.model)
    for name, content in parts.forests.items():
        (folder / name).write_bytes(content)
    scores = node.build(BundleArrays(parts.arrays), ForestFiles(folder), rows.shape[1])(
        trained.model.preprocess.impute(rows)
    )
    worst = scores if scores.ndim == 1 else scores[:, -1]
    return scores, worst if calibrator is None else calibrator.probability(worst)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_compiled_model_answers_like_the_trained_one(kind: str, profile: PlantProfile, tmp_path) -> None:
    trained = trained_model(profile, kind)
    rows = inputs_of(profile).matrix("features")
    scores, decisions = answers(trained, rows, tmp_path)
    np.testing.assert_allclose(scores, trained.model.scores(rows), rtol=0, atol=1e-12)
    np.testing.assert_allclose(decisions, trained.model.decisions(rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_one_row_is_answered_as_in_a_batch_and_gaps_are_filled(
    kind: str, profile: PlantProfile, tmp_path
) -> None:
    trained = trained_model(profile, kind)
    rows = np.full((3, len(trained.model.feature_names)), np.nan)
    rows[1, 5], rows[2, 7] = np.inf, 1e9
    _, decisions = answers(trained, rows, tmp_path)
    np.testing.assert_allclose(decisions, trained.model.decisions(rows), rtol=0, atol=1e-12)
    _, alone = answers(trained, rows[2:], tmp_path)
    np.testing.assert_allclose(alone, decisions[2:], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("strict", "expected"), [(False, [1.0, 1.0, 2.0]), (True, [1.0, 2.0, 2.0])])
def test_a_row_on_the_split_goes_the_library_s_way(strict: bool, expected: list[float], tmp_path) -> None:
    tree = FittedTree(
        feature=np.array([0, 0, 0]),
        threshold=np.array([0.5, 0.0, 0.0]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        value=np.array([0.0, 1.0, 2.0]),
    )
    ensemble = TreeEnsemble([tree], strict=strict, precision="float64")
    (tmp_path / "t.onnx").write_bytes(to_onnx(ensemble, 1))
    run = ForestFiles(tmp_path).load("t.onnx", 1)
    rows = np.array([[0.5 - 1e-12], [0.5], [0.5 + 1e-12]])
    assert run(rows).tolist() == expected


def test_a_tree_of_one_leaf_answers_its_value(tmp_path) -> None:
    leaf = FittedTree(np.array([-2]), np.array([-2.0]), np.array([-1]), np.array([-1]), np.array([0.25]))
    (tmp_path / "t.onnx").write_bytes(
        to_onnx(TreeEnsemble([leaf, leaf], strict=False, precision="float64"), 3)
    )
    node = ForestNode(file="t.onnx")
    assert node.build(BundleArrays({}), ForestFiles(tmp_path), 3)(np.zeros((2, 3))).tolist() == [0.5, 0.5]


def test_an_unknown_family_is_refused_by_name() -> None:
    class Novel(Estimator):
        kind = "novel"

        def fit(self, rows, labels):
            return self

        def score(self, rows):
            return rows[:, 0]

    with pytest.raises(CompileError, match=r"cannot compile a Novel: expected one of .*RandomForest"):
        compile_estimator(Novel(), BundleParts(width=1))


def test_an_unfitted_model_is_refused() -> None:
    with pytest.raises(CompileError, match="RandomForest: not fitted"):
        compile_estimator(RandomForest(1), BundleParts(width=1))


@pytest.mark.parametrize("family", [XgBoost, LightGbm])
def test_the_last_bits_of_a_feature_decide_nothing(family: type[XgBoost | LightGbm], tmp_path: Path) -> None:
    """The median row is 0 once it is centred, and a split stands just there: kernels round it to either side."""
    values = np.tile(np.linspace(-1, 1, 201).round(2), 5)[:, None]
    estimator = family(1, rounds=5).fit(values, (values[:, 0] >= 0).astype(np.int8))
    parts = BundleParts(width=1)
    node = compile_estimator(estimator, parts)
    for name, content in parts.forests.items():
        (tmp_path / name).write_bytes(content)
    score = node.build(BundleArrays(parts.arrays), ForestFiles(tmp_path), 1)
    below, *nearly_nothing = np.array([[[-0.01]], [[0.0]], [[-1e-13]], [[1e-13]]])
    for answer in (score, estimator.score):
        assert len({answer(row).item() for row in nearly_nothing}) == 1
        assert answer(below).item() < answer(nearly_nothing[0]).item()
