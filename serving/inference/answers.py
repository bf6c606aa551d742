"""From a model's row to an answer, as the plain dict that is sent.

Belongs here: the keys of answers. Doesn't belong here: HTTP (`router.py`), inputs (`rows/inputs.py`).
"""

import math

from pydantic import JsonValue

from serving.inference.lineage.prediction_id import PredictionIds
from serving.inference.metrics import record_row
from serving.inference.models.slots import LoadedModel, ModelSlot
from serving.inference.rows.inputs import ModelRow

Answer = dict[str, JsonValue]


def predict_answer(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> Answer:
    """The answer to /predict, counted."""
    return record_row(prediction(model, row, ids), model)


def prediction(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> Answer:
    """An alarm by the model's threshold, or by a rule that the values fulfil."""
    answer = _answer(model, row, ids)
    answer["alarm"] = bool(answer["alarm"] or row.rules)
    answer["unused"] = list(row.unused)
    answer["rules"] = [{"name": rule.name, "description": rule.description} for rule in row.rules]
    return answer


def forecast_answer(model: LoadedModel, row: ModelRow, ids: PredictionIds, observations: int) -> Answer:
    """The answer to /forecast for one horizon, counted."""
    answer = _answer(model, row, ids)
    answer["interval"] = _interval(model, answer["anomaly_probability"])
    answer["n_observations"] = observations
    return record_row(answer, model)


def _interval(model: LoadedModel, probability: JsonValue) -> JsonValue:
    band = model.bundle.manifest.interval
    if band is None or not isinstance(probability, float):
        return None
    low, high = band.around(probability)
    return {"low": low, "high": high}


def brief_info(slot: ModelSlot) -> Answer:
    """A model as /plants tells of it."""
    kept = slot.current
    return {
        "name": slot.registry_name,
        "version": kept.version if kept else None,
        "aliases": _aliases(slot),
        "status": slot.status,
        "in_memory": kept is not None and kept.model is not None,
        "threshold": kept.facts.threshold if kept else None,
    }


def model_info(slot: ModelSlot) -> Answer:
    """One entry of /models."""
    kept = slot.current
    info = brief_info(slot) | {
        "loading": slot.loading,
        "loaded_at": None,
        "previous": slot.previous.version if slot.previous else None,
        "features": [],
        "metrics": {},
        "data_fingerprint": "",
        "config_sha256": "",
        "files": {},
        "fault": slot.fault,
    }
    if kept is None:
        return info
    facts = kept.facts
    return info | {
        "features": [*facts.features],
        "metrics": {**facts.metrics},
        "data_fingerprint": facts.data_fingerprint,
        "config_sha256": facts.config_sha256,
        "files": {**facts.files},
        "task": facts.task,
        "algorithm": facts.algorithm,
        "learning_mode": facts.learning_mode,
        "horizon_hours": facts.horizon_hours,
        "run_id": kept.run_id,
        "created": facts.created.isoformat(),
        "loaded_at": kept.since.isoformat(),
    }


def _aliases(slot: ModelSlot) -> list[JsonValue]:
    """Those of the version that answers."""
    version = slot.current.version if slot.current else None
    return [*sorted(alias for alias, pointed in slot.aliases.items() if pointed == version)]


def _answer(model: LoadedModel, row: ModelRow, ids: PredictionIds) -> Answer:
    bundle = model.bundle
    manifest = bundle.manifest
    decision = float(bundle.score(row.values)[0])
    threshold = manifest.decision.threshold if manifest.decision else math.inf
    return {
        "risk_score": decision,
        "alarm": decision >= threshold,
        "anomaly_probability": decision if manifest.calibrated else None,
        "threshold": threshold if math.isfinite(threshold) else None,
        "horizon_hours": manifest.horizon_hours,
        "model": model.registry_name,
        "version": model.version,
        "prediction_id": ids.new(model.registry_name, model.version),
        "plant": manifest.plant,
        "imputed": list(row.imputed),
        "n_imputed": row.n_imputed,
        "out_of_range": list(row.out_of_range),
    }
