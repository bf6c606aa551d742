"""Writes a trained model as a serving bundle, and refuses to where the bundle answers otherwise.

Belongs here: `bundle.json`, hashes, the parity check. Doesn't belong here: how estimators become plain data
(`compile.py`), loading (`serving.bundle`), MLflow (`registry.py`).
"""

import io
import math
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np
from pydantic import JsonValue

from plant_assets.features.spec import FeatureSpec
from plant_assets.models.compile import compile_model
from plant_assets.models.fitted import FittedModel, Floats
from plant_assets.models.inputs import REGIMES
from plant_assets.models.spec import ModelSpec
from plant_assets.profile.model import AlarmBudget, PlantProfile
from serving.bundle import (
    ARRAYS_FILE,
    FILL,
    MANIFEST_FILE,
    REFERENCE_DECISIONS,
    REFERENCE_ROWS,
    Bundle,
    max_difference,
)
from serving.manifest import Decision, Feature, Lineage, Manifest, Parity

TOLERANCE = 1e-6
REFERENCES = 32


class ParityError(RuntimeError):
    """The exported model answers otherwise than the trained one; nothing was published."""


def export_bundle(
    fitted: FittedModel,
    spec: ModelSpec,
    profile: PlantProfile,
    rows: Floats,
    folder: Path,
    *,
    feature_specs: tuple[FeatureSpec, ...] = (),
    lineage: Lineage | None = None,
    metrics: Mapping[str, float] | None = None,
    extra: Mapping[str, JsonValue] | None = None,
    tolerance: float = TOLERANCE,
) -> Manifest:
    """Write a bundle that answers like `fitted`, or nothing.

    Args:
        fitted: the trained model.
        spec: its declaration.
        profile: its plant.
        rows: every training row (rows, features) in `fitted.feature_names` order, NaN = missing; parity
            is checked on all of them.
        folder: what to create; replaced if it is there.
        feature_specs: the kernel's specs of the features that have one.
        lineage: data and runs that it comes from.
        metrics: validation figures; what isn't finite is left out.
        extra: further plain data for readers of the bundle.
        tolerance: largest difference that parity allows.

    Raises:
        ParityError: the bundle's answers differ, in numbers or in alarms.
        CompileError: the estimator is of no known family.
    """
    scorer, calibrator, parts = compile_model(fitted)
    references = _reference_rows(rows)
    parts.array(FILL, fitted.preprocess.medians)
    parts.array(REFERENCE_ROWS, references)
    parts.array(REFERENCE_DECISIONS, fitted.decisions(references))
    contents = {ARRAYS_FILE: _npz(parts.arrays), **parts.forests}
    unchecked = Parity(rows=len(rows), max_difference=0.0, tolerance=tolerance)
    manifest = Manifest(
        plant=profile.name,
        model=spec.name,
        registry_name=spec.registry_name(profile),
        title=spec.title,
        builder=fitted.estimator.kind,
        task=spec.task,
        learning_mode=spec.learning_mode,
        score_direction=spec.score_direction,
        feature_set=spec.feature_set,
        horizon_hours=spec.horizon_hours,
        classes=REGIMES if spec.task == "regime" else (),
        features=_features(fitted.feature_names, feature_specs),
        scorer=scorer,
        calibrator=calibrator,
        decision=_decision(fitted.threshold, profile.budget),
        metrics={key: float(value) for key, value in (metrics or {}).items() if math.isfinite(value)},
        profile=profile,
        lineage=lineage or Lineage(),
        parity=unchecked,
        created=datetime.now(UTC),
        extra=dict(extra or {}),
        files={name: sha256(content).hexdigest() for name, content in contents.items()},
    )
    draft = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}")
    try:
        _write(draft, manifest, contents)
        parity = check_parity(fitted, draft, rows, tolerance)
        checked = manifest.model_copy(update={"parity": parity})
        _write(draft, checked, {})
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return checked


def check_parity(fitted: FittedModel, folder: Path, rows: Floats, tolerance: float = TOLERANCE) -> Parity:
    """Compare a bundle with the trained model on every row.

    Raises:
        ParityError: an answer differs by more than `tolerance`, or one that doesn't flips an alarm.
        BundleError: the folder can't be loaded, or fails its own reference rows.
    """
    answers, expected = Bundle.load(folder).score(rows), fitted.decisions(rows)
    worst = max_difference(answers, expected)
    if not worst <= tolerance:
        row = int(np.nanargmax(np.abs(answers - expected)))
        raise ParityError(
            f"{folder.name}: the exported model differs from the trained one by {worst:.3g} at training row {row} "
            f"of {len(rows)}; expected at most {tolerance:g}. Nothing was published."
        )
    return Parity(rows=len(rows), max_difference=worst, tolerance=tolerance)


def _decision(threshold: float, budget: AlarmBudget) -> Decision | None:
    if math.isnan(threshold):
        return None
    return Decision(
        threshold=threshold,
        deadband=budget.deadband,
        on_delay=budget.on_delay,
        off_delay=budget.off_delay,
    )


def _features(names: tuple[str, ...], specs: tuple[FeatureSpec, ...]) -> tuple[Feature, ...]:
    known = {spec.name: spec for spec in specs}
    found = []
    for name in names:
        spec = known.get(name)
        if spec is None:
            found.append(Feature(name=name))
            continue
        found.append(
            Feature(
                name=name,
                source=spec.source,
                kind=spec.kind,
                steps=spec.steps,
                low=spec.low,
                high=spec.high,
                steps_per_hour=spec.steps_per_hour,
            )
        )
    return tuple(found)


def _reference_rows(rows: Floats) -> Floats:
    """Some training rows evenly over time, and one with everything missing."""
    picked = np.unique(np.linspace(0, len(rows) - 1, min(REFERENCES, len(rows))).round().astype(int))
    return np.vstack([rows[picked], np.full((1, rows.shape[1]), np.nan)])


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def _write(folder: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
