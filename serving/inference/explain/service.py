"""Why a model's score is what it is, and what to do about it."""

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from plant_assets.explain.explainer import TagDriver
from serving.inference.batch.schemas import BatchRequest
from serving.inference.batch.tables import columns_of, rows_of
from serving.inference.explain import schemas
from serving.inference.models.slots import LoadedModel
from serving.inference.predict.schemas import PredictAnswer
from serving.inference.predict.service import score_row
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelInputs, ModelRow
from serving.inference.rows.recommendations import FAILURE_FREQUENCY, RISK_SCORE
from serving.inference.rows.schemas import PredictRequest

RECENT = timedelta(hours=48)
NAMED_DRIVERS = 3


def explain_row(model: LoadedModel, request: PredictRequest, ids: PredictionIds) -> schemas.ExplainAnswer:
    """The answer to /explain."""
    row = model.inputs.from_request(request)
    found = model.insight.explainer.explain(row.values)
    return schemas.ExplainAnswer(
        **vars(score_row(model, row, ids)),
        local_importance=[
            schemas.FeatureShare(feature=d.feature, value=d.value, contribution=d.contribution)
            for d in found.contributions
        ],
        tags=_tag_contributions(found.tags),
        base_value=found.base_value,
        output=found.output,
        space=found.space,
        method=found.method,
    )


def global_shares(model: LoadedModel) -> schemas.ImportanceAnswer:
    """The answer to /global_importance."""
    explainer = model.insight.explainer
    found = explainer.global_importance()
    return schemas.ImportanceAnswer(
        importances=[
            schemas.FeatureImportance(feature=name, importance=share) for name, share in found.features
        ],
        tags=[schemas.TagImportance(tag=name, importance=share) for name, share in found.tags],
        rows=found.rows,
        method=explainer.method,
        space=explainer.space,
        model=model.registry_name,
        version=model.version,
        plant=model.bundle.manifest.plant,
    )


def recommend_on_row(
    model: LoadedModel, request: PredictRequest, ids: PredictionIds
) -> schemas.RecommendAnswer:
    """The answer to /recommend: what holds, the most urgent first."""
    row = model.inputs.from_request(request)
    scored = score_row(model, row, ids)
    drivers = [d for d in model.insight.explainer.explain(row.values).tags if d.contribution > 0]
    frequency = _failure_frequency(model.inputs, request, row)
    features = dict(zip(model.inputs.names, row.values.tolist(), strict=True))
    values = {**features, **row.known, RISK_SCORE: scored.risk_score, FAILURE_FREQUENCY: frequency}
    advice = model.insight.recommendations.evaluate(values, row.rules)
    return schemas.RecommendAnswer(
        **vars(scored),
        recommendation=advice,
        urgency=advice[0].urgency if advice else "none",
        check=list(dict.fromkeys(check for one in advice for check in one.check)),
        why=_why(scored, drivers, frequency),
        drivers=_tag_contributions(drivers[:NAMED_DRIVERS]),
        failure_frequency_48=None if math.isnan(frequency) else frequency,
    )


def _failure_frequency(inputs: ModelInputs, request: PredictRequest, row: ModelRow) -> float:
    """How many of the last 48 hours were in alarm: as given, else counted by the alarm rules; NaN where neither is known."""
    if not math.isnan(given := row.known.get(FAILURE_FREQUENCY, math.nan)) or request.readings is None:
        return given
    names, recent = inputs.feature_names, request.readings[-inputs.steps(RECENT) :]
    known = {place.name for name in frozenset().union(*recent) if (place := names.find(name))}
    if not inputs.rules.can_evaluate(known):
        return math.nan
    alarms = [held for _, held in rows_of(inputs, *columns_of(BatchRequest(rows=recent), names.find)).rules]
    return float(np.any(alarms, axis=0).sum())


def _why(scored: PredictAnswer, drivers: Sequence[TagDriver], frequency: float) -> str:
    limit = f"; the threshold is {scored.threshold:.2g}" if scored.threshold is not None else ""
    said = [f"The risk is {scored.risk_score:.2g}{limit}."]
    if drivers:
        said.append(f"Main drivers: {', '.join(d.tag for d in drivers[:NAMED_DRIVERS])}.")
    if not math.isnan(frequency):
        said.append(f"{frequency:g} of the last 48 hours were in alarm.")
    return " ".join(said)


def _tag_contributions(drivers: Sequence[TagDriver]) -> list[schemas.TagShare]:
    return [schemas.TagShare(tag=d.tag, contribution=d.contribution) for d in drivers]
