"""Writes a trained model as a serving bundle, and refuses to where the bundle answers otherwise.

Belongs here: `bundle.json`, hashes, the parity check. Doesn't belong here: how estimators become plain data
(`compile.py`), loading (`plant_assets.bundle.bundle`), MLflow (`registry.py`).
"""

import io
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np

from plant_assets.bundle.bundle import (
    ARRAYS_FILE,
    FILL,
    MANIFEST_FILE,
    REFERENCE_DECISIONS,
    REFERENCE_ROWS,
    Bundle,
    max_difference,
    read_manifest,
)
from plant_assets.bundle.calibration import Calibrator
from plant_assets.bundle.data_files import DATA_FILES
from plant_assets.bundle.manifest import (
    BundleManifest,
    DecisionRule,
    ModelFeature,
    ParityCheck,
    TrainingLineage,
)
from plant_assets.bundle.scorers import ScorerNode
from plant_assets.features.arrays import Floats
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.history.fingerprint import profile_fingerprint
from plant_assets.models.compile import compile_model
from plant_assets.models.fitted import FittedModel
from plant_assets.models.inputs import REGIMES, TrainingInputs
from plant_assets.models.regime import MultinomialModel
from plant_assets.models.spec import CANDIDATES, LearningMode
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile

TOLERANCE = 1e-6
REFERENCES = 128
"""Rows that travel in a bundle: they prove it at each load, and give the importance of features."""


class ParityError(RuntimeError):
    """The exported model answers otherwise than the trained one; nothing was published."""


def export_bundle(
    trained: TrainedModel,
    inputs: TrainingInputs,
    profile: PlantProfile,
    folder: Path,
    *,
    dagster_run: str = "",
    dagster_assets: Sequence[str] = (),
) -> BundleManifest:
    """Write a bundle that answers like the trained model on every training row, or nothing.

    Args:
        folder: what to create; replaced if it is there.
        dagster_assets: `plant/asset` of what it was made from, and its own last.

    Raises:
        ParityError: the bundle answers otherwise.
        CompileError: the estimator is of no known family.
    """
    rows, fitted = inputs.matrix_for(trained.spec), trained.model
    scorer, calibrator, contents = _compile_model(fitted, rows)
    contents[DATA_FILES] = inputs.data_files.model_dump_json(indent=1).encode()
    spec = trained.spec
    manifest = BundleManifest(
        plant=profile.name,
        model=spec.name,
        registry_name=spec.registry_name(profile),
        title=spec.title,
        builder=trained.builder or fitted.estimator.kind,
        task=spec.task,
        learning_mode=_learning_mode(trained),
        score_direction=spec.score_direction,
        feature_set=spec.feature_set,
        horizon_hours=spec.horizon / timedelta(hours=1),
        classes=REGIMES if isinstance(fitted.estimator, MultinomialModel) else (),
        features=_features(fitted.feature_names, profile),
        scorer=scorer,
        calibrator=calibrator,
        interval=fitted.band,
        decision=_decision(trained, profile),
        metrics={key: float(value) for key, value in trained.metrics.items() if math.isfinite(value)},
        profile=profile,
        lineage=_lineage(inputs, profile, dagster_run, dagster_assets),
        parity=ParityCheck(rows=len(rows), max_difference=0.0, tolerance=TOLERANCE),
        created=datetime.now(UTC),
        extra={"notes": list(trained.notes)},
        files={name: sha256(content).hexdigest() for name, content in contents.items()},
    )
    return _write_checked(manifest, contents, folder, fitted, rows)


def check_parity(fitted: FittedModel, folder: Path, rows: Floats) -> ParityCheck:
    """Compare a bundle with the trained model on every row.

    Raises:
        ParityError: an answer differs by more than `TOLERANCE`.
        BundleError: the folder can't be loaded, or fails its own reference rows.
    """
    answers, expected = Bundle.load(folder).score(rows), fitted.decisions(rows)
    worst = max_difference(answers, expected)
    if not worst <= TOLERANCE:
        row = int(np.nanargmax(np.abs(answers - expected)))
        raise ParityError(
            f"{folder.name}: the exported model differs from the trained one by {worst:.3g} at training row {row} "
            f"of {len(rows)}; expected at most {TOLERANCE:g}. Nothing was published."
        )
    return ParityCheck(rows=len(rows), max_difference=worst, tolerance=TOLERANCE)


def _compile_model(
    fitted: FittedModel, rows: Floats
) -> tuple[ScorerNode, Calibrator | None, dict[str, bytes]]:
    """The model as plain data: its nodes, and the files that they and the bundle's own check read."""
    scorer, calibrator, parts = compile_model(fitted)
    references = _reference_rows(rows)
    parts.array(FILL, fitted.preprocess.medians)
    parts.array(REFERENCE_ROWS, references)
    parts.array(REFERENCE_DECISIONS, fitted.decisions(references))
    return scorer, calibrator, {ARRAYS_FILE: _npz(parts.arrays), **parts.forests}


def _write_checked(
    manifest: BundleManifest, contents: Mapping[str, bytes], folder: Path, fitted: FittedModel, rows: Floats
) -> BundleManifest:
    """Put the bundle in place once it answers like the trained model; answers its manifest with the parity."""
    draft = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}")
    try:
        _write(draft, manifest, contents)
        parity = check_parity(fitted, draft, rows)
        checked = manifest.model_copy(update={"parity": parity})
        _write(draft, checked, {})
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return checked


def stamp_run(folder: Path, mlflow_run: str) -> None:
    """Note in a bundle's lineage the MLflow run that publishes it."""
    manifest = read_manifest(folder)
    lineage = manifest.lineage.model_copy(update={"mlflow_run": mlflow_run})
    _write(folder, manifest.model_copy(update={"lineage": lineage}), {})


def _decision(trained: TrainedModel, profile: PlantProfile) -> DecisionRule | None:
    fitted = trained.model
    if math.isnan(fitted.threshold):
        return None
    budget = profile.budget
    return DecisionRule(
        threshold=fitted.threshold,
        deadband=budget.deadband,
        on_delay=budget.on_delay,
        off_delay=budget.off_delay,
    )


def _learning_mode(trained: TrainedModel) -> LearningMode:
    """That of the candidate that won, where several competed."""
    if trained.spec.builder != "best_candidate":
        return trained.spec.learning_mode
    return next(c.learning_mode for c in CANDIDATES if c.builder == trained.builder)


def _lineage(
    inputs: TrainingInputs, profile: PlantProfile, dagster_run: str, dagster_assets: Sequence[str]
) -> TrainingLineage:
    times = inputs.timestamps
    return TrainingLineage(
        data_fingerprint=inputs.data_fingerprint,
        config_sha256=profile_fingerprint(profile),
        dagster_run=dagster_run,
        dagster_assets=tuple(dagster_assets),
        rows=len(times),
        first=times.dt.convert_time_zone("UTC")[0],
        last=times.dt.convert_time_zone("UTC")[-1],
    )


def _features(names: tuple[str, ...], profile: PlantProfile) -> tuple[ModelFeature, ...]:
    """The kernel's declaration of each input; a window's steps have none."""
    known = {spec.name: asdict(spec) for spec in feature_specs(profile)}
    return tuple(ModelFeature(**known.get(name, {"name": name})) for name in names)


def _reference_rows(rows: Floats) -> Floats:
    """Some training rows evenly over time, and one with everything missing."""
    picked = np.unique(np.linspace(0, len(rows) - 1, min(REFERENCES, len(rows))).round().astype(int))
    return np.vstack([rows[picked], np.full((1, rows.shape[1]), np.nan)])


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def _write(folder: Path, manifest: BundleManifest, contents: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
