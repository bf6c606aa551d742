"""Trees against shap's own interventional explainer, and against a sum over all coalitions.

shap keeps the weights of coalitions in float32: it agrees to seven digits, the sum over coalitions to twelve.
"""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.forests import ForestFiles
from plant_assets.explain.diagonal import SHARES, WEIGHTS
from plant_assets.explain.onnx_trees import TreeFileError, read_trees
from plant_assets.explain.trees import ForestPart, TreeNodes
from plant_assets.models.compile_trees import (
    TreeEnsemble,
    isolation_forest_trees,
    lightgbm_trees,
    random_forest_trees,
    to_onnx,
    xgboost_trees,
)

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

FEATURES = 9
SHAP = 1e-6
GENERATOR = np.random.default_rng(5)
TRAIN = GENERATOR.normal(size=(400, FEATURES))
LABELS = ((TRAIN[:, 0] * TRAIN[:, 1] + TRAIN[:, 2] ** 2 + GENERATOR.normal(size=400)) > 1).astype(np.int8)
REFERENCE = np.median(TRAIN, axis=0)
ROWS = np.vstack([TRAIN[:12], 4 * TRAIN[12:15]])


def contributions(ensemble: TreeEnsemble, folder: Path, precision: str = "float64") -> np.ndarray:
    trees = written(ensemble, folder)
    answers = [trees.answers(row.astype(np.float32).astype(precision)) for row in (REFERENCE, *ROWS)]
    return np.array(
        [ForestPart(trees, answers[0], of_row, FEATURES).spread(WEIGHTS) for of_row in answers[1:]]
    )


def written(ensemble: TreeEnsemble, folder: Path) -> TreeNodes:
    path = folder / "trees.onnx"
    path.write_bytes(to_onnx(ensemble, FEATURES))
    return read_trees(path)


def oracle(model: object) -> np.ndarray:
    import shap

    explainer = shap.TreeExplainer(model, data=REFERENCE[None], feature_perturbation="interventional")
    return np.asarray(explainer.shap_values(ROWS, check_additivity=False))


def test_a_random_forest_as_shap_has_it(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(25, random_state=1, min_samples_leaf=2).fit(TRAIN, LABELS)
    found = contributions(random_forest_trees(model), tmp_path)
    assert found == pytest.approx(oracle(model)[:, :, 1], abs=SHAP)


def test_lightgbm_as_shap_has_it(tmp_path: Path) -> None:
    import lightgbm

    parameters = {"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1}
    model = lightgbm.train(parameters, lightgbm.Dataset(TRAIN, LABELS), 30)
    assert contributions(lightgbm_trees(model), tmp_path) == pytest.approx(oracle(model), abs=SHAP)


def test_xgboost_as_shap_has_it(tmp_path: Path) -> None:
    import xgboost

    parameters = {"objective": "binary:logistic", "max_depth": 5, "nthread": 1, "seed": 2}
    model = xgboost.train(parameters, xgboost.DMatrix(TRAIN, LABELS), 30)
    found = contributions(xgboost_trees(model), tmp_path, "float32")
    assert found == pytest.approx(oracle(model), abs=SHAP)


def small_random_forest() -> TreeEnsemble:
    from sklearn.ensemble import RandomForestClassifier

    return random_forest_trees(RandomForestClassifier(5, random_state=1).fit(TRAIN, LABELS))


def small_isolation_forest() -> TreeEnsemble:
    """shap reads none of coniferest."""
    from coniferest.isoforest import IsolationForest

    return isolation_forest_trees(IsolationForest(5, n_jobs=1, random_seed=1).fit(TRAIN))[0]


@pytest.mark.parametrize("grow", [small_random_forest, small_isolation_forest])
def test_all_coalitions_give_the_same(grow: Callable[[], TreeEnsemble], tmp_path: Path) -> None:
    found = contributions(grow(), tmp_path)[0]
    run = ForestFiles(tmp_path).load("trees.onnx", FEATURES)

    def answer(members: tuple[int, ...]) -> float:
        row = REFERENCE.copy()
        row[list(members)] = ROWS[0][list(members)]
        return float(run(row.astype(np.float32).astype(np.float64)[None])[0])

    expected = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [f for f in range(FEATURES) if f != feature]
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for members in combinations(others, size):
                expected[feature] += weight * (answer((*members, feature)) - answer(members))
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_value_on_a_split_goes_the_way_that_it_goes_in_the_answer(tmp_path: Path) -> None:
    """shap 0.50 sends some of these the other way."""
    from sklearn.ensemble import RandomForestClassifier

    coarse = np.round(TRAIN * 3) / 3
    model = RandomForestClassifier(25, random_state=1).fit(coarse, LABELS)
    trees = written(random_forest_trees(model), tmp_path)
    start, *answers = [trees.answers(row.astype(np.float32)) for row in (np.zeros(FEATURES), *coarse[:20])]
    found = [ForestPart(trees, start, answer, FEATURES).spread(WEIGHTS).sum() for answer in answers]
    decided = model.predict_proba(np.vstack([np.zeros(FEATURES), coarse[:20]]))[:, 1]
    assert found == pytest.approx(decided[1:] - decided[0], abs=1e-12)


def test_points_integrate_deep_paths_exactly() -> None:
    for depth in (1, 10, 30, 60):
        for ours in range(1, depth + 1):
            exact = factorial(ours - 1) * factorial(depth - ours) / factorial(depth)
            found = WEIGHTS @ (SHARES ** (ours - 1) * (1 - SHARES) ** (depth - ours))
            assert found == pytest.approx(exact, abs=1e-11)


def test_a_file_that_is_no_forest_is_refused(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    (tmp_path / "rubbish.onnx").write_bytes(b"not a forest")
    with pytest.raises(TreeFileError, match=r"rubbish\.onnx: not an ONNX file"):
        read_trees(tmp_path / "rubbish.onnx")
    with pytest.raises(TreeFileError, match=r"absent\.onnx: not an ONNX file"):
        read_trees(tmp_path / "absent.onnx")
    ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 2]) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Abs", ["a"], ["b"])], "g", ends[:1], ends[1:])
    (tmp_path / "other.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(TreeFileError, match=r"other\.onnx: expected one TreeEnsemble, found \['Abs'\]"):
        read_trees(tmp_path / "other.onnx")
