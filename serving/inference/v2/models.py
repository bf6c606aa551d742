"""The models that the protocol names, all plants' alike, and what it says of them.

Belongs here: from a name and a version to a model that answers, and metadata. Doesn't belong here: inference,
how models are loaded (`serving.champion`).
"""

import difflib
import math
from collections.abc import Iterator

from pydantic import JsonValue

from serving.champion import Champions, LoadedModel, Slot
from serving.inference.plants import not_ready
from serving.inference.v2.errors import UnknownModel

LONGEST_NAME = 100
ALL_FEATURES = "features"
RISK_SCORE, ALARM, SCORE, PROBABILITIES = "risk_score", "alarm", "score", "probabilities"
"""Outputs: the number held against the threshold, whether it is reached, and what the model says by itself."""

PLATFORM = "forewarn_bundle"


def find_slot(champions: Champions, name: str) -> Slot:
    """The place of a registered model.

    Raises:
        UnknownModel: no plant has it.
    """
    known = {slot.registry_name: slot for slot in _slots(champions)}
    if name in known:
        return known[name]
    shown = name[:LONGEST_NAME]
    close = difflib.get_close_matches(shown, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "GET /v2/models lists them"
    raise UnknownModel(f"no model {shown!r}; {hint}")


def find_model(champions: Champions, name: str, version: str | None) -> LoadedModel:
    """The version that answers, or the one asked for.

    Raises:
        UnknownModel: no such model, or that version isn't kept.
        NotReady: no version of it is loaded; says why.
    """
    slot = find_slot(champions, name)
    loaded = loaded_versions(slot)
    if slot.current is None:
        raise not_ready(slot, champions.registry_fault)
    if version is None:
        return slot.current
    for model in loaded:
        if str(model.version) == version:
            return model
    kept = " or ".join(str(model.version) for model in loaded)
    raise UnknownModel(
        f"{slot.registry_name}: version {version[:LONGEST_NAME]!r} isn't loaded; expected {kept}"
    )


def loaded_versions(slot: Slot) -> list[LoadedModel]:
    """What answers, then what answered before."""
    return [model for model in (slot.current, slot.previous) if model is not None]


def model_names(champions: Champions) -> list[str]:
    return [slot.registry_name for slot in _slots(champions)]


def output_shapes(model: LoadedModel, rows: int) -> dict[str, list[int]]:
    """Name → shape of what a model answers to a number of rows."""
    classes = len(model.bundle.manifest.classes)
    last = {PROBABILITIES: [rows, classes]} if classes else {SCORE: [rows, 1]}
    return {RISK_SCORE: [rows, 1], ALARM: [rows, 1], **last}


def datatype_of(output: str) -> str:
    return "BOOL" if output == ALARM else "FP64"


def threshold_of(model: LoadedModel) -> float:
    """Alarm at or above it; infinite where the model never alarms."""
    decision = model.bundle.manifest.decision
    return decision.threshold if decision else math.inf


def metadata(champions: Champions, name: str, version: str | None) -> dict[str, JsonValue]:
    """The protocol's document of a model."""
    model = find_model(champions, name, version)
    manifest, threshold = model.bundle.manifest, threshold_of(model)
    outputs = output_shapes(model, -1)
    return {
        "name": model.registry_name,
        "versions": [str(kept.version) for kept in loaded_versions(find_slot(champions, name))],
        "platform": PLATFORM,
        "inputs": [{"name": ALL_FEATURES, "datatype": "FP64", "shape": [-1, len(manifest.names)]}],
        "outputs": [
            {"name": output, "datatype": datatype_of(output), "shape": [*shape]}
            for output, shape in outputs.items()
        ],
        "parameters": {
            "title": manifest.title,
            "plant": manifest.plant,
            "task": manifest.task,
            "calibrated": manifest.calibrated,
            "threshold": threshold if math.isfinite(threshold) else None,
            "horizon_hours": manifest.horizon_hours,
            "classes": [*manifest.classes],
            "feature_names": [*manifest.names],
        },
    }


def repository_index(champions: Champions, only_ready: bool) -> list[dict[str, str]]:
    """An entry a loaded version, and one for each model that has none."""
    entries: list[dict[str, str]] = []
    for slot in _slots(champions):
        loaded = loaded_versions(slot)
        name = {"name": slot.registry_name}
        entries += [{**name, "version": str(m.version), "state": "READY", "reason": ""} for m in loaded]
        if not loaded and not only_ready:
            why = not_ready(slot, champions.registry_fault).detail
            entries.append({**name, "version": "", "state": "UNAVAILABLE", "reason": why})
    return entries


def _slots(champions: Champions) -> Iterator[Slot]:
    for plant in champions.slots.values():
        yield from plant.values()
