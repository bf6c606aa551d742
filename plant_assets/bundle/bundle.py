"""A trained model as a folder of plain data, and its loading: no pickle, nothing half.

A bundle holds `bundle.json` (`plant_assets.bundle.manifest`), `arrays.npz` and the forests that its scorer names.
`bundle.json` has the sha256 of each other file. `arrays.npz` always has `fill` (what stands in for a
missing feature), `reference_rows` and `reference_decisions` (how the trained model answers them).
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import ValidationError

from plant_assets.bundle.data_files import DATA_FILES, DataFiles
from plant_assets.bundle.forests import ForestError, ForestFiles
from plant_assets.bundle.manifest import FORMAT_VERSION, BundleManifest
from plant_assets.bundle.scorers import BundleArrays, Scorer, ScorerError
from plant_assets.features.arrays import Floats

MANIFEST_FILE = "bundle.json"
ARRAYS_FILE = "arrays.npz"
FILL = "fill"
REFERENCE_ROWS = "reference_rows"
REFERENCE_DECISIONS = "reference_decisions"
MAX_MANIFEST_BYTES = 32 * 1024 * 1024


class BundleError(ValueError):
    """A bundle that can't be used; one sentence with the file and what was expected."""


@dataclass(frozen=True, slots=True)
class BundleScores:
    """A model's answer to some rows.

    Attributes:
        scores: (rows,), or (rows, classes) of a classifier.
        decisions: the number that a threshold is held against: the calibrated probability, else the
            score; of a regime classifier the probability of its last class.
    """

    scores: Floats
    decisions: Floats


class Bundle:
    """A trained model, loaded and ready to score rows.

    `Bundle.load(folder)` reads an exported one. Its parts are a manifest and arrays; here a weighted sum of two tags:

    >>> from plant_assets.bundle.manifest import ModelFeature
    >>> from plant_assets.bundle.scorers import LinearNode
    >>> manifest = BundleManifest.model_construct(
    ...     features=(ModelFeature(name="PDT31008"), ModelFeature(name="LT301031")),
    ...     scorer=LinearNode(coefficients="weights", intercept="offset"),
    ...     files={},
    ... )
    >>> bundle = Bundle(
    ...     manifest,
    ...     {
    ...         "weights": np.array([0.01, 0.1]),
    ...         "offset": np.array([-3.0]),
    ...         "fill": np.array([240.0, 50.0]),
    ...         "reference_rows": np.array([[240.0, 50.0]]),
    ...         "reference_decisions": np.array([4.4]),
    ...     },
    ...     Path("sum_of_two"),
    ... )
    >>> bundle.score(np.array([[300.0, 60.0], [300.0, np.nan]])).round(2).tolist()  # NaN becomes the median, 50
    [6.0, 5.0]
    """

    def __init__(self, manifest: BundleManifest, arrays: dict[str, np.ndarray], folder: Path) -> None:
        self.manifest = manifest
        self.names = manifest.names
        width = len(self.names)
        self.folder = folder
        self.arrays = known = BundleArrays(arrays)
        self.fill = known.get(FILL, width)
        self.reference_rows = _rows_with_gaps(arrays, width)
        self.reference_decisions = known.get(REFERENCE_DECISIONS, len(self.reference_rows))
        _read_data_files(manifest, folder)
        self._scorer: Scorer = manifest.scorer.build(known, ForestFiles(folder), width)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read and check a folder; answers its reference rows once, which also warms it.

        Raises:
            BundleError: a file is absent, damaged, of another version, or answers otherwise than the
                trained model did.
        """
        manifest = read_manifest(folder)
        check_files(manifest, folder)
        try:
            bundle = cls(manifest, _read_arrays(folder / ARRAYS_FILE), folder)
        except (ScorerError, ForestError) as error:
            raise BundleError(f"bundle {folder.name}: {error}") from None
        bundle.self_test()
        return bundle

    def impute(self, rows: Floats) -> Floats:
        """Rows with each NaN or infinity replaced by the feature's training median."""
        return np.where(np.isfinite(rows), rows, self.fill)

    def score(self, rows: Floats) -> Floats:
        """The decision number of rows (rows, features): calibrated probability, else score."""
        return self.evaluate(rows).decisions

    def evaluate(self, rows: Floats) -> BundleScores:
        """Scores and decisions of rows (rows, features) in `names` order; NaN is imputed."""
        scores = self._scorer(self.impute(np.atleast_2d(np.asarray(rows, dtype=np.float64))))
        decisions = scores if scores.ndim == 1 else scores[:, -1]
        if self.manifest.calibrator is not None:
            decisions = self.manifest.calibrator.probability(decisions)
        return BundleScores(scores, decisions)

    def self_test(self) -> None:
        """Hold the answers to the reference rows against those of the trained model.

        Raises:
            BundleError: they differ by more than the parity's tolerance.
        """
        worst = max_difference(self.score(self.reference_rows), self.reference_decisions)
        tolerance = self.manifest.parity.tolerance
        if not worst <= tolerance:
            raise BundleError(
                f"bundle of {self.manifest.registry_name}: its answers to its own reference rows differ by "
                f"{worst:.3g} from the trained model's; expected at most {tolerance:g}"
            )


def max_difference(answers: Floats, expected: Floats) -> float:
    """Largest absolute difference; infinite where only one of the two is NaN."""
    if answers.shape != expected.shape:
        return float("inf")
    both_nan = np.isnan(answers) & np.isnan(expected)
    gaps = np.where(both_nan, 0.0, np.abs(answers - expected))
    return float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))


def read_manifest(folder: Path) -> BundleManifest:
    """Read `bundle.json`.

    Raises:
        BundleError: absent, too large, not JSON, of another version, or a field is at fault.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise BundleError(f"bundle {folder.name}: no {MANIFEST_FILE}; expected an exported bundle")
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise BundleError(f"bundle {folder.name}: {MANIFEST_FILE} is larger than {MAX_MANIFEST_BYTES} bytes")
    return parse_manifest(path.read_bytes(), folder.name)


def describe(folder: Path) -> tuple[BundleManifest, DataFiles | None]:
    """What a bundle says of itself and of the files behind it; None where it says nothing of them.

    Raises:
        BundleError: it can't be read.
    """
    manifest = read_manifest(folder)
    return manifest, _read_data_files(manifest, folder)


def parse_manifest(content: bytes, name: str) -> BundleManifest:
    """Check the bytes of a `bundle.json`; `name` stands in errors."""
    try:
        return BundleManifest.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or MANIFEST_FILE
        if place == "format_version":
            raise BundleError(
                f"bundle {name}: format version {fault['input']!r}, expected {FORMAT_VERSION}; "
                "export the model again with this release"
            ) from None
        raise BundleError(f"bundle {name}: {MANIFEST_FILE}: {place}: {fault['msg']}") from None


def parse_data_files(content: bytes, name: str) -> DataFiles:
    """Check the bytes of a `data_files.json`; `name` stands in errors."""
    try:
        return DataFiles.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BundleError(f"bundle {name}: {DATA_FILES}: {place}: {fault['msg']}") from None


def check_files(manifest: BundleManifest, folder: Path) -> None:
    """Compare every file with its hash.

    Raises:
        BundleError: absent or changed.
    """
    for name in sorted({ARRAYS_FILE, *manifest.files}):
        if name not in manifest.files:
            raise BundleError(f"bundle {folder.name}: {MANIFEST_FILE} lists no {name}; expected its sha256")
        path = folder / name
        if not path.is_file():
            raise BundleError(f"bundle {folder.name}: {name} is missing; {MANIFEST_FILE} lists it")
        if sha256_of(path) != manifest.files[name]:
            raise BundleError(
                f"bundle {folder.name}: {name} is damaged: its sha256 differs from the one in {MANIFEST_FILE}"
            )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_data_files(manifest: BundleManifest, folder: Path) -> DataFiles | None:
    """The files behind the model; None where the bundle says nothing of them."""
    if DATA_FILES not in manifest.files:
        return None
    try:
        content = (folder / DATA_FILES).read_bytes()
    except OSError as error:
        raise BundleError(f"bundle {folder.name}: {DATA_FILES}: {error.strerror}") from None
    return parse_data_files(content, folder.name)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise BundleError(
            f"bundle {path.parent.name}: {path.name}: not arrays that NumPy reads ({error})"
        ) from None


def _rows_with_gaps(arrays: dict[str, np.ndarray], width: int) -> Floats:
    rows = arrays.get(REFERENCE_ROWS)
    if rows is None or rows.ndim != 2 or rows.shape[1] != width or not len(rows):
        raise ScorerError(f"array {REFERENCE_ROWS!r}: expected rows of {width} features")
    return np.ascontiguousarray(rows, dtype=np.float64)
