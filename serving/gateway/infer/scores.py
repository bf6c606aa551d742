"""Asks inference what the models say of the newest row.

Belongs here: asking, and what is kept of the answers. Doesn't belong here: what follows from it (`serving/warnings`).
"""

import asyncio

from pydantic import JsonValue

from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.requests import forecast_all, predict_newest
from serving.gateway.infer.schemas import ModelAnswer
from serving.gateway.problems import PassedOn
from serving.gateway.upstream import ServiceClient
from serving.scores.scores import ModelScore, RowScores


def model_score(answer: ModelAnswer) -> ModelScore:
    probability, band = answer.anomaly_probability, answer.interval
    return ModelScore(
        horizon_hours=answer.horizon_hours,
        probability=answer.risk_score if probability is None else probability,
        calibrated=probability is not None,
        low=band.low if band else None,
        high=band.high if band else None,
        threshold=answer.threshold,
        alarm=answer.alarm,
        model=answer.model,
        version=answer.version,
        prediction_id=answer.prediction_id,
        confidence=answer.confidence,
        bad_signals=[signal.name for signal in answer.bad_signals],
    )


async def score_row(inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]) -> RowScores:
    """Score the newest of some readings, which come oldest first.

    Raises:
        Problem: there is no score of the risk now. Forecasts may be missing.
    """
    prediction, (ahead, fault) = await asyncio.gather(
        predict_newest(inference, plant, readings),
        _forecasts(inference, plant, readings),
    )
    return RowScores(model_score(prediction), ahead, prediction.rules, fault)


async def _forecasts(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> tuple[tuple[ModelScore, ...], str]:
    try:
        found = await forecast_all(inference, plant, readings)
    except PassedOn as refused:
        return (), f"forecasts: {refused.detail}"
    return tuple(sorted(map(model_score, found), key=lambda score: score.horizon_hours)), ""
