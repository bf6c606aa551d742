"""Why a model answers as it does, and what to do about it, as the plain dicts that are sent.

Belongs here: the keys of /explain, /global_importance and /recommend. Doesn't belong here: HTTP (`routes.py`),
contributions (`serving.explain`), conditions (`recommendations.py`).
"""

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from pydantic import JsonValue

from serving.explain.explainer import TagDriver
from serving.inference.answers import Answer, prediction
from serving.inference.batch.schemas import BatchRequest
from serving.inference.explain.recommendations import FAILURE_FREQUENCY, RISK_SCORE, Advice
from serving.inference.lineage.prediction_id import PredictionIds
from serving.inference.models.slots import LoadedModel
from serving.inference.rows.inputs import ModelInputs, ModelRow
from serving.inference.rows.tables import columns_of, rows_of
from serving.inference.schemas import PredictRequest

RECENT = timedelta(hours=48)
NAMED_DRIVERS = 3


def explanation(model: LoadedModel, request: PredictRequest, ids: PredictionIds) -> Answer:
    """The answer to /explain."""
    row = model.inputs.from_request(request)
    found = model.insight.explainer.explain(row.values)
    return prediction(model, row, ids) | {
        "local_importance": [
            {"feature": d.feature, "value": d.value, "contribution": d.contribution}
            for d in found.contributions
        ],
        "tags": _tag_contributions(found.tags),
        "base_value": found.base_value,
        "output": found.output,
        "space": found.space,
        "method": found.method,
    }


def importance(model: LoadedModel) -> Answer:
    """The answer to /global_importance."""
    explainer = model.insight.explainer
    found = explainer.global_importance()
    return {
        "importances": [{"feature": name, "importance": share} for name, share in found.features],
        "tags": [{"tag": name, "importance": share} for name, share in found.tags],
        "rows": found.rows,
        "method": explainer.method,
        "space": explainer.space,
        "model": model.registry_name,
        "version": model.version,
        "plant": model.bundle.manifest.plant,
    }


def recommendation(model: LoadedModel, request: PredictRequest, ids: PredictionIds) -> Answer:
    """The answer to /recommend: what holds, the most urgent first."""
    row = model.inputs.from_request(request)
    answer = prediction(model, row, ids)
    drivers = [d for d in model.insight.explainer.explain(row.values).tags if d.contribution > 0]
    frequency = _failure_frequency(model.inputs, request, row)
    features = dict(zip(model.inputs.names, row.values.tolist(), strict=True))
    score = model.bundle.score(row.values)[0]
    values = {**features, **row.known, RISK_SCORE: float(score), FAILURE_FREQUENCY: frequency}
    found = model.insight.recommendations.evaluate(values, row.rules)
    checks = dict.fromkeys(check for one in found for check in one.check)
    return answer | {
        "recommendation": [_advice_item(one) for one in found],
        "urgency": found[0].urgency if found else "none",
        "check": list(checks),
        "why": _why(answer, drivers, frequency),
        "drivers": _tag_contributions(drivers[:NAMED_DRIVERS]),
        FAILURE_FREQUENCY: None if math.isnan(frequency) else frequency,
    }


def _failure_frequency(inputs: ModelInputs, request: PredictRequest, row: ModelRow) -> float:
    """Rows in alarm of the last 48 hours: as given, else counted by the hard limits; NaN where neither is known."""
    if not math.isnan(given := row.known.get(FAILURE_FREQUENCY, math.nan)) or request.readings is None:
        return given
    names, recent = inputs.feature_names, request.readings[-inputs.steps(RECENT) :]
    known = {place.name for name in frozenset().union(*recent) if (place := names.find(name))}
    if not inputs.rules.can_evaluate(known):
        return math.nan
    alarms = [held for _, held in rows_of(inputs, *columns_of(BatchRequest(rows=recent), names.find)).rules]
    return float(np.any(alarms, axis=0).sum()) if alarms else 0.0


def _why(answer: Answer, drivers: Sequence[TagDriver], frequency: float) -> str:
    threshold = answer["threshold"]
    limit = f"; the alarm is at {threshold:.2g}" if isinstance(threshold, float) else ""
    said = [f"The risk is {answer['risk_score']:.2g}{limit}."]
    if drivers:
        said.append(f"It is raised most by {', '.join(d.tag for d in drivers[:NAMED_DRIVERS])}.")
    if not math.isnan(frequency):
        said.append(f"{frequency:g} of the last 48 hours were in alarm.")
    return " ".join(said)


def _advice_item(one: Advice) -> JsonValue:
    return {"advice": one.advice, "urgency": one.urgency, "check": [*one.check], "why": one.why}


def _tag_contributions(drivers: Sequence[TagDriver]) -> JsonValue:
    return [{"tag": d.tag, "contribution": d.contribution} for d in drivers]
