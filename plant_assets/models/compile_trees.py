"""Trained tree ensembles as ONNX `TreeEnsemble`s that answer exactly like the library that trained them.

Belongs here: reading trees out of scikit-learn, coniferest, XGBoost and LightGBM, and writing them in the precision that
each computes in. Doesn't belong here: anything around the trees (`compile.py`).

The common converters (skl2onnx, onnxmltools) write float32 thresholds for float64 trees, which moves rows
over splits.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from plant_assets.bundle.forests import INPUT, OUTPUT

if TYPE_CHECKING:
    from coniferest.coniferest import Tree as ConiferestTree
    from coniferest.isoforest import IsolationForest
    from lightgbm import Booster as LightGbmBooster
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree._tree import Tree as SklearnTree
    from xgboost import Booster

LEQ, LT = 0, 1
ONNX_IR = 10
ONNX_ML_OPSET = 5


@dataclass(frozen=True, slots=True)
class FittedTree:
    """One tree: arrays over its nodes, the root first; `left` and `right` are negative at leaves."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.floating]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """Trees whose leaf values add up.

    Attributes:
        strict: whether a row goes left below the threshold (XGBoost) or at it as well.
        precision: what the library compares and adds in.
    """

    trees: list[FittedTree]
    strict: bool
    precision: Literal["float32", "float64"]


def random_forest_trees(model: "RandomForestClassifier") -> TreeEnsemble:
    """Trees of a binary random forest; leaves hold class 1's share over the number of trees."""
    if len(model.classes_) != 2:
        raise ValueError(f"random forest of classes {list(model.classes_)}: expected two")
    trees = []
    for member in model.estimators_:
        counts = member.tree_.value[:, 0, :]
        trees.append(_sklearn_tree(member.tree_, counts[:, 1] / counts.sum(axis=1) / len(model.estimators_)))
    return TreeEnsemble(trees, strict=False, precision="float64")


def isolation_forest_trees(model: "IsolationForest") -> tuple[TreeEnsemble, float]:
    """Trees whose leaves hold path lengths, and the divisor of the score 2^(-sum / divisor)."""
    from coniferest.utils import average_path_length

    trees = [_coniferest_tree(tree) for tree in model.core_forest]
    expected = float(average_path_length(model.n_subsamples))
    return TreeEnsemble(trees, strict=False, precision="float64"), len(trees) * expected


def xgboost_trees(booster: "Booster") -> TreeEnsemble:
    """Trees of a binary XGBoost model; their sum is the margin.

    The base margin is the first tree, for float32 sums depend on their order.

    Raises:
        ValueError: categorical splits, several classes, or another booster than gbtree.
    """
    import json

    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    parameters = learner["learner_model_param"]
    if learner["gradient_booster"]["name"] != "gbtree" or int(parameters["num_class"]) > 1:
        raise ValueError("XGBoost: expected a gbtree model with one output")
    base = np.float32(parameters["base_score"].strip("[]"))
    if learner["objective"]["name"] == "binary:logistic":
        base = -np.log(np.float32(1.0) / base - np.float32(1.0))
    trees = [_stump(float(base), np.dtype(np.float32))]
    for tree in learner["gradient_booster"]["model"]["trees"]:
        if tree.get("categories"):
            raise ValueError("XGBoost: expected numeric splits only")
        conditions = np.array(tree["split_conditions"], dtype=np.float32)
        left, right = (np.array(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
        features = np.array(tree["split_indices"], dtype=np.int64)
        trees.append(FittedTree(features, conditions, left, right, conditions))
    return TreeEnsemble(trees, strict=True, precision="float32")


def lightgbm_trees(booster: "LightGbmBooster") -> TreeEnsemble:
    """Trees of a binary LightGBM model; their sum is the margin.

    Raises:
        ValueError: categorical splits or several classes.
    """
    model = booster.dump_model(num_iteration=-1)
    if model["num_tree_per_iteration"] != 1:
        raise ValueError("LightGBM: expected a model with one output")
    trees = [_lightgbm_tree(info["tree_structure"]) for info in model["tree_info"]]
    return TreeEnsemble(trees, strict=False, precision="float64")


def to_onnx(ensemble: TreeEnsemble, features: int) -> bytes:
    """The ensemble as a serialized ONNX model from rows (n, features) to leaf sums (n, 1)."""
    from onnx import TensorProto, helper

    dtype = np.dtype(ensemble.precision)
    element = TensorProto.FLOAT if ensemble.precision == "float32" else TensorProto.DOUBLE
    node = helper.make_node("TreeEnsemble", [INPUT], [OUTPUT], domain="ai.onnx.ml")
    attributes = _attributes(ensemble, dtype)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    graph = helper.make_graph(
        [node],
        "forest",
        [helper.make_tensor_value_info(INPUT, element, [None, features])],
        [helper.make_tensor_value_info(OUTPUT, element, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", ONNX_ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ONNX_IR).SerializeToString()


def _attributes(ensemble: TreeEnsemble, dtype: np.dtype) -> dict[str, object]:
    """ONNX numbers inner nodes and leaves apart, over all trees."""
    from onnx import numpy_helper

    columns: dict[str, list[np.ndarray]] = {
        k: [] for k in ("feature", "split", "true", "false", "true_leaf", "false_leaf", "weight")
    }
    roots: list[int] = []
    inner = leaves = 0
    for given in ensemble.trees:
        tree = given if given.left[0] >= 0 else _stump(float(given.value[0]), dtype)
        leaf = tree.left < 0
        place = np.where(leaf, np.cumsum(leaf) - 1 + leaves, np.cumsum(~leaf) - 1 + inner)
        left, right = tree.left[~leaf], tree.right[~leaf]
        columns["feature"].append(tree.feature[~leaf])
        columns["split"].append(tree.threshold[~leaf])
        columns["true"].append(place[left])
        columns["false"].append(place[right])
        columns["true_leaf"].append(leaf[left])
        columns["false_leaf"].append(leaf[right])
        columns["weight"].append(tree.value[leaf])
        roots.append(inner)
        inner, leaves = inner + int((~leaf).sum()), leaves + int(leaf.sum())
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    modes = np.full(inner, LT if ensemble.strict else LEQ, dtype=np.uint8)
    return {
        "n_targets": 1,
        "aggregate_function": 1,
        "post_transform": 0,
        "tree_roots": roots,
        "nodes_featureids": joined["feature"].astype(np.int64).tolist(),
        "nodes_truenodeids": joined["true"].tolist(),
        "nodes_falsenodeids": joined["false"].tolist(),
        "nodes_trueleafs": joined["true_leaf"].astype(np.int64).tolist(),
        "nodes_falseleafs": joined["false_leaf"].astype(np.int64).tolist(),
        "nodes_splits": numpy_helper.from_array(joined["split"].astype(dtype)),
        "nodes_modes": numpy_helper.from_array(modes),
        "leaf_targetids": [0] * leaves,
        "leaf_weights": numpy_helper.from_array(joined["weight"].astype(dtype)),
    }


def _stump(value: float, dtype: np.dtype) -> FittedTree:
    """A tree of one leaf, as a split with the same answer on both sides."""
    none = np.array([-1, -1], dtype=np.int64)
    return FittedTree(
        feature=np.zeros(3, dtype=np.int64),
        threshold=np.zeros(3, dtype=dtype),
        left=np.concatenate([[1], none]),
        right=np.concatenate([[2], none]),
        value=np.full(3, value, dtype=dtype),
    )


def _sklearn_tree(tree: "SklearnTree", value: np.ndarray) -> FittedTree:
    return FittedTree(tree.feature, tree.threshold, tree.children_left, tree.children_right, value)


def _coniferest_tree(tree: "ConiferestTree") -> FittedTree:
    """`value` holds a split's threshold and a leaf's path length; the right child follows the left one."""
    left = tree.left.astype(np.int64)
    leaf = left == 0
    children = np.where(leaf, -1, left), np.where(leaf, -1, left + 1)
    return FittedTree(tree.feature.astype(np.int64), tree.value, *children, tree.value)


def _lightgbm_tree(root: dict) -> FittedTree:
    rows: list[tuple[int, float, int, int, float]] = []

    def add(node: dict) -> int:
        place = len(rows)
        rows.append((0, 0.0, -1, -1, float(node.get("leaf_value", 0.0))))
        if "split_feature" in node:
            if node["decision_type"] != "<=":
                raise ValueError("LightGBM: expected numeric splits only")
            left, right = add(node["left_child"]), add(node["right_child"])
            rows[place] = (int(node["split_feature"]), float(node["threshold"]), left, right, 0.0)
        return place

    add(root)
    feature, threshold, left, right, value = (np.array(column) for column in zip(*rows, strict=True))
    return FittedTree(feature, threshold, left, right, value)
