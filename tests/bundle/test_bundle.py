import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.bundle import (
    ARRAYS_FILE,
    MANIFEST_FILE,
    Bundle,
    BundleError,
    max_difference,
    sha256_of,
)
from plant_assets.bundle.manifest import FORMAT_VERSION


@pytest.fixture
def folder(bundles: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the ensemble's bundle to spoil."""
    return Path(shutil.copytree(bundles["v2"], tmp_path / "copy"))


def rewrite(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / MANIFEST_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def rehash(folder: Path, name: str) -> None:
    rewrite(folder, lambda d: d["files"].update({name: sha256_of(folder / name)}))


def test_a_sound_bundle_loads_and_answers(folder: Path) -> None:
    bundle = Bundle.load(folder)
    row = np.full(len(bundle.names), np.nan)
    assert bundle.score(row).shape == (1,)
    assert 0 <= bundle.score(row)[0] <= 1
    assert bundle.score(bundle.reference_rows) == pytest.approx(bundle.reference_decisions, abs=1e-12)


def test_a_missing_value_is_answered_as_its_training_median(folder: Path) -> None:
    bundle = Bundle.load(folder)
    filled = bundle.fill.copy()
    gaps = filled.copy()
    gaps[3], gaps[9] = np.nan, np.inf
    assert bundle.score(gaps) == bundle.score(filled)


def spoil_truncate(folder: Path) -> None:
    path = folder / ARRAYS_FILE
    path.write_bytes(path.read_bytes()[:-100])


def spoil_flip(folder: Path) -> None:
    path = folder / "isolation.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def spoil_absent_forest(folder: Path) -> None:
    (folder / "isolation.onnx").unlink()


def spoil_manifest_gone(folder: Path) -> None:
    (folder / MANIFEST_FILE).unlink()


def spoil_manifest_cut(folder: Path) -> None:
    path = folder / MANIFEST_FILE
    path.write_text(path.read_text()[:500])


def spoil_version(folder: Path) -> None:
    rewrite(folder, lambda d: d.update(format_version=1))


def spoil_unknown_scorer(folder: Path) -> None:
    rewrite(folder, lambda d: d.update(scorer={"kind": "oracle"}))


def spoil_unlisted_arrays(folder: Path) -> None:
    rewrite(folder, lambda d: d["files"].pop(ARRAYS_FILE))


def spoil_path_outside(folder: Path) -> None:
    rewrite(folder, lambda d: d["files"].update({"../x": "0" * 64}))


def spoil_arrays_rubbish(folder: Path) -> None:
    (folder / ARRAYS_FILE).write_bytes(b"PK\x03\x04 not really")
    rehash(folder, ARRAYS_FILE)


def spoil_forest_rubbish(folder: Path) -> None:
    (folder / "isolation.onnx").write_bytes(b"not a forest")
    rehash(folder, "isolation.onnx")


def spoil_pickled_arrays(folder: Path) -> None:
    np.savez(folder / ARRAYS_FILE, fill=np.array([{"evil": 1}], dtype=object))
    rehash(folder, ARRAYS_FILE)


def spoil_shape(folder: Path) -> None:
    rewrite(folder, lambda d: d["features"].pop())


def spoil_calibrator(folder: Path) -> None:
    rewrite(folder, lambda d: d["calibrator"].update(slope=d["calibrator"]["slope"] * 1.01))


SPOILT = {
    spoil_truncate: "arrays.npz is damaged: its sha256",
    spoil_flip: "isolation.onnx is damaged",
    spoil_absent_forest: "isolation.onnx is missing; bundle.json lists it",
    spoil_manifest_gone: "no bundle.json; expected an exported bundle",
    spoil_manifest_cut: "bundle.json: .*Invalid JSON",
    spoil_version: f"format version 1, expected {FORMAT_VERSION}; export the model again",
    spoil_unknown_scorer: "bundle.json: scorer.*'oracle'",
    spoil_unlisted_arrays: "lists no arrays.npz; expected its sha256",
    spoil_path_outside: "bundle.json: files",
    spoil_arrays_rubbish: "arrays.npz: not arrays that NumPy reads",
    spoil_forest_rubbish: "isolation.onnx: not a forest that ONNX Runtime reads",
    spoil_pickled_arrays: "arrays.npz: not arrays that NumPy reads .*pickle",
    spoil_shape: "array 'fill': shape .* expected",
    spoil_calibrator: "its answers to its own reference rows differ by .* expected at most 1e-06",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda f: f.__name__.removeprefix("spoil_"))
def test_a_spoilt_bundle_is_refused_in_a_sentence(spoil: Callable[[Path], None], folder: Path) -> None:
    spoil(folder)
    with pytest.raises(BundleError, match=SPOILT[spoil]):
        Bundle.load(folder)


def test_a_difference_of_shape_or_nan_is_infinite() -> None:
    assert max_difference(np.zeros(2), np.zeros(3)) == np.inf
    assert max_difference(np.array([np.nan]), np.array([0.0])) == np.inf
    assert max_difference(np.array([np.nan, 1.0]), np.array([np.nan, 1.5])) == 0.5
