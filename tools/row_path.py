"""The way of a feature row from the table to its bundle, as somebody reads it who follows the code.

A model is trained on a simulated month, exported and loaded, while each function that is handed rows, or something that
was fitted on them, is noted at its first call. A reader opens its file there; coming back to a file for a function that
wasn't read yet is another entry.
"""

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import FrameType
from unittest.mock import patch

import numpy as np
import polars as pl

ROOT = Path(__file__).parents[1]
MODEL = "rf_soft_alarm"
DAYS = 28
SEED = 14
_TABLES = (np.ndarray, pl.DataFrame, pl.Series)
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class RowPath:
    """Files in the order in which they are entered; one that is entered again stands there again."""

    entries: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Each file once, in the order of its first entry."""
        return tuple(dict.fromkeys(self.entries))

    @property
    def times(self) -> Counter[str]:
        """File → how often it is entered."""
        return Counter(self.entries)


def follow_row() -> RowPath:
    """Train, export and load a model of the gas treatment unit on a simulated month, and note the way."""
    from benchmarks.forecasters import simulate_inputs
    from plant_assets.bundle.bundle import Bundle
    from plant_assets.models.export import export_bundle
    from plant_assets.models.spec import model_spec
    from plant_assets.models.train import train
    from plant_assets.profile.load import load_profile

    profile = load_profile("gas_treatment")
    spec, inputs = model_spec(MODEL, profile), simulate_inputs(profile, SEED, DAYS, log=True)
    with tempfile.TemporaryDirectory() as folder, _first_calls() as entries:
        export_bundle(train(spec, inputs, profile), inputs, profile, Path(folder) / "bundle")
        bundle = Bundle.load(Path(folder) / "bundle")
        bundle.score(bundle.reference_rows)
    return RowPath(tuple(entries))


@contextmanager
def _first_calls() -> Iterator[list[str]]:
    entries: list[str] = []
    before, observer = sys.getprofile(), _observer(entries)
    sys.setprofile(observer)
    threading.setprofile(observer)
    try:
        # One fit after another, as somebody reads them.
        with patch("os.cpu_count", return_value=1):
            yield entries
    finally:
        threading.setprofile(None)
        sys.setprofile(before)


def _observer(entries: list[str]) -> Callable[[FrameType, str, object], None]:
    read = set()

    def observe(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or code in read or not code.co_filename.startswith(f"{ROOT}/plant_assets"):
            return
        inner = code.co_name.startswith("<") or "<locals>" in code.co_qualname
        if inner or not any(_holds_rows(value) for value in frame.f_locals.values()):
            return
        read.add(code)
        file = Path(code.co_filename).relative_to(ROOT).as_posix()
        if not entries or entries[-1] != file:
            entries.append(file)

    return observe


def _holds_rows(value: object, depth: int = _DEPTH) -> bool:
    """Whether it is a table or array, or an object or sequence that holds one."""
    if isinstance(value, _TABLES):
        return True
    if not depth:
        return False
    if isinstance(value, list | tuple):
        return any(_holds_rows(one, depth - 1) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return any(_holds_rows(getattr(value, field.name, None), depth - 1) for field in fields(value))
    module = type(value).__module__
    return module.startswith("plant_assets") and any(
        _holds_rows(one, depth - 1) for one in getattr(value, "__dict__", {}).values()
    )
