"""Tree ensembles of a bundle, evaluated by ONNX Runtime.

Belongs here: sessions over `*.onnx` files that hold one `TreeEnsemble` (ai.onnx.ml 5) in the precision
that the trained model computes in. Doesn't belong here: writing them (`plant_assets.models.compile`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT = "rows"
OUTPUT = "sums"


class ForestError(ValueError):
    """A forest file that can't be used; says which, and why."""


class ForestFiles:
    """The forest files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str, width: int) -> Callable[[np.ndarray], np.ndarray]:
        """A function from rows (rows, width) to leaf sums (rows,).

        Raises:
            ForestError: absent, damaged, or trained on another number of features.
        """
        path = self._folder / name
        if not path.is_file():
            raise ForestError(f"{name}: missing; expected it beside bundle.json")
        session = _session(path)
        expected = session.get_inputs()[0].shape[1]
        if expected != width:
            raise ForestError(f"{name}: takes {expected} features, expected {width}")
        outputs = [OUTPUT]

        def run(rows: np.ndarray) -> np.ndarray:
            (sums,) = session.run(outputs, {INPUT: rows})
            return np.asarray(sums)[:, 0]

        return run


def _session(path: Path) -> "InferenceSession":
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 onnxruntime raises classes of its own that share no base
        raise ForestError(
            f"{path.name}: not a forest that ONNX Runtime reads ({_first_line(error)})"
        ) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
