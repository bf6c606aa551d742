"""A bundle's forest file as arrays of nodes.

Belongs here: reading `TreeEnsemble` (ai.onnx.ml 5) as `plant_assets.bundle.forests` runs it. Doesn't belong here: walking trees
(`trees.py`). The `onnx` package is imported on the first forest: 0.2 s and 12 MB that answers don't need.
"""

from pathlib import Path

import numpy as np

from plant_assets.explain.trees import TreeNodes

OPERATOR = "TreeEnsemble"
LESS_OR_EQUAL, LESS = 0, 1


class TreeFileError(ValueError):
    """A forest file whose trees can't be explained; says which, and what was expected."""


def read_trees(path: Path) -> TreeNodes:
    """The trees of a forest file.

    Raises:
        TreeFileError: not one ensemble of one output whose splits all compare alike.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import helper, numpy_helper

    try:
        nodes = onnx.load_model(str(path)).graph.node
    except (DecodeError, OSError) as error:
        raise TreeFileError(f"{path.name}: not an ONNX file ({error})") from None
    if [node.op_type for node in nodes] != [OPERATOR]:
        raise TreeFileError(f"{path.name}: expected one {OPERATOR}, found {[n.op_type for n in nodes]}")
    given = {a.name: helper.get_attribute_value(a) for a in nodes[0].attribute}
    modes = np.unique(numpy_helper.to_array(given["nodes_modes"]))
    if given.get("n_targets", 1) != 1 or len(modes) != 1 or modes[0] not in (LESS_OR_EQUAL, LESS):
        raise TreeFileError(f"{path.name}: expected one output, and splits that are all <= or all <")
    return TreeNodes(
        roots=np.asarray(given["tree_roots"], dtype=np.intp),
        feature=np.asarray(given["nodes_featureids"], dtype=np.intp),
        split=numpy_helper.to_array(given["nodes_splits"]),
        passed=_children(given["nodes_truenodeids"], given["nodes_trueleafs"]),
        failed=_children(given["nodes_falsenodeids"], given["nodes_falseleafs"]),
        leaves=numpy_helper.to_array(given["leaf_weights"]).astype(np.float64),
        strict=bool(modes[0] == LESS),
    )


def _children(places: list[int], leaf: list[int]) -> np.ndarray:
    array = np.asarray(places, dtype=np.intp)
    return np.where(np.asarray(leaf, dtype=bool), -1 - array, array)
