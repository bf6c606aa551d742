"""The models that the protocol names, all plants' alike, and what it says of them.

Belongs here: from a name and a version to a model that answers, and metadata. Doesn't belong here: inference,
how models are loaded (`serving.inference.models.reconciler`).
"""

import difflib
from typing import Literal

from serving.inference.models.dependencies import in_order, load_version, not_ready
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.slots import CachedVersion, LoadedModel, ModelSlot
from serving.inference.v2.errors import UnknownModel
from serving.inference.v2.schemas import IndexEntry, ModelMetadata, ModelParameters, TensorMetadata

LONGEST_NAME = 100
ALL_FEATURES = "features"
RISK_SCORE, ALARM, SCORE, PROBABILITIES = "risk_score", "alarm", "score", "probabilities"
"""Outputs: the number held against the threshold, whether it is reached, and what the model says by itself."""

PLATFORM = "forewarn_bundle"


def find_slot(reconciler: ModelReconciler, name: str) -> ModelSlot:
    """The place of a registered model.

    Raises:
        UnknownModel: no plant has it.
    """
    known = {slot.registry_name: slot for slot in reconciler.all_slots}
    if name in known:
        return known[name]
    shown = name[:LONGEST_NAME]
    close = difflib.get_close_matches(shown, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "expected one of GET /v2/models"
    raise UnknownModel(f"no model {shown!r}; {hint}")


async def find_model(reconciler: ModelReconciler, name: str, version: str | None) -> LoadedModel:
    """The version that answers, or the one asked for, read into memory where it isn't.

    Raises:
        UnknownModel: no such model, or that version isn't kept.
        NotReady: no version of it answers; says why.
    """
    slot = find_slot(reconciler, name)
    return await load_version(reconciler, slot, _version(reconciler, slot, version))


async def find_answering(reconciler: ModelReconciler, name: str, version: str | None) -> LoadedModel:
    """`find_model` for a request to score: a forecaster together with the plant's other horizons."""
    return await in_order(
        reconciler, find_slot(reconciler, name), await find_model(reconciler, name, version)
    )


def _version(reconciler: ModelReconciler, slot: ModelSlot, version: str | None) -> CachedVersion:
    if slot.current is None:
        raise not_ready(slot, reconciler.registry_fault)
    if version is None:
        return slot.current
    for found in slot.versions:
        if str(found.version) == version:
            return found
    kept = " or ".join(str(found.version) for found in slot.versions)
    raise UnknownModel(
        f"{slot.registry_name}: version {version[:LONGEST_NAME]!r} is not loaded; expected {kept}"
    )


def model_names(reconciler: ModelReconciler) -> list[str]:
    return [slot.registry_name for slot in reconciler.all_slots]


def output_shapes(model: LoadedModel, rows: int) -> dict[str, list[int]]:
    """Name → shape of what a model answers to a number of rows."""
    classes = len(model.bundle.manifest.classes)
    last = {PROBABILITIES: [rows, classes]} if classes else {SCORE: [rows, 1]}
    return {RISK_SCORE: [rows, 1], ALARM: [rows, 1], **last}


def datatype_of(output: str) -> Literal["FP64", "BOOL"]:
    return "BOOL" if output == ALARM else "FP64"


async def metadata(reconciler: ModelReconciler, name: str, version: str | None) -> ModelMetadata:
    """The protocol's document of a model."""
    model = await find_model(reconciler, name, version)
    manifest = model.bundle.manifest
    return ModelMetadata(
        name=model.registry_name,
        versions=[str(kept.version) for kept in find_slot(reconciler, name).versions],
        platform=PLATFORM,
        inputs=[TensorMetadata(name=ALL_FEATURES, datatype="FP64", shape=[-1, len(manifest.names)])],
        outputs=[
            TensorMetadata(name=output, datatype=datatype_of(output), shape=shape)
            for output, shape in output_shapes(model, -1).items()
        ],
        parameters=ModelParameters(
            title=manifest.title,
            plant=manifest.plant,
            task=manifest.task,
            calibrated=manifest.calibrated,
            threshold=manifest.threshold,
            horizon_hours=manifest.horizon_hours,
            classes=[*manifest.classes],
            feature_names=[*manifest.names],
        ),
    )


def repository_index(reconciler: ModelReconciler, only_ready: bool) -> list[IndexEntry]:
    """An entry a version that is served when it is asked, and one for each model that has none."""
    entries: list[IndexEntry] = []
    for slot in reconciler.all_slots:
        name = slot.registry_name
        entries += [IndexEntry(name=name, version=str(v.version), state="READY") for v in slot.versions]
        if not slot.versions and not only_ready:
            why = not_ready(slot, reconciler.registry_fault).detail
            entries.append(IndexEntry(name=name, state="UNAVAILABLE", reason=why))
    return entries
