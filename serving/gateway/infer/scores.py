"""What the models say of the newest row: the risk now, at each horizon, and which rules fire.

Belongs here: asking inference, and what is kept of its answers. Doesn't belong here: what follows from it
(`serving/gateway/warnings`).
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.requests import forecast_all, predict_newest
from serving.gateway.infer.schemas import ScoreAnswer
from serving.gateway.problems import PassedOn
from serving.gateway.upstream import Finite, ServiceClient, parse_answer


class ScoreBand(BaseModel):
    low: Finite
    high: Finite


class ModelAnswer(ScoreAnswer):
    """A score of inference, with what decides over alarms."""

    anomaly_probability: Finite | None = None
    threshold: Finite | None = None
    horizon_hours: Annotated[float, Field(ge=0, le=10_000)]
    interval: ScoreBand | None = None

    @property
    def score(self) -> "ModelScore":
        calibrated = self.anomaly_probability is not None
        return ModelScore(
            horizon_hours=self.horizon_hours,
            probability=self.risk_score if self.anomaly_probability is None else self.anomaly_probability,
            calibrated=calibrated,
            low=self.interval.low if self.interval else None,
            high=self.interval.high if self.interval else None,
            threshold=self.threshold,
            alarm=self.alarm,
            model=self.model,
            version=self.version,
            prediction_id=self.prediction_id,
        )


class FiredRule(BaseModel):
    name: Annotated[str, Field(max_length=40)]
    description: str = ""


class PredictionAnswer(ModelAnswer):
    rules: Annotated[tuple[FiredRule, ...], Field(max_length=100)] = ()


class ForecastModelAnswers(BaseModel):
    forecasts: Annotated[list[ModelAnswer], Field(max_length=50)]


class ModelScore(BaseModel):
    """One model's word on one row.

    Attributes:
        horizon_hours: 0 is now.
        probability: of an alarm; a raw score where the model isn't calibrated.
        low, high: band around it, where the model has one.
        threshold: alarm at or above it; None: never.
    """

    horizon_hours: float
    probability: float
    calibrated: bool
    low: float | None
    high: float | None
    threshold: float | None
    alarm: bool
    model: str
    version: int
    prediction_id: str


@dataclass(frozen=True, slots=True)
class RowScores:
    """All words on one row.

    Attributes:
        ahead: forecasts, the nearest first; none where the plant has no forecasters, or where they don't
            answer: `fault` says why.
    """

    now: ModelScore
    ahead: tuple[ModelScore, ...]
    rules: tuple[FiredRule, ...]
    fault: str = ""

    @property
    def scores(self) -> tuple[ModelScore, ...]:
        return self.now, *self.ahead

    @property
    def alarm(self) -> bool:
        return any(score.alarm for score in self.scores) or bool(self.rules)


async def score_row(inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]) -> RowScores:
    """Score the newest of some readings.

    Args:
        inference: who does it.
        plant: whose models.
        readings: oldest first.

    Raises:
        Problem: there is no score of the risk now. Forecasts may be missing.
    """
    prediction, (ahead, fault) = await asyncio.gather(
        predict_newest(inference, plant, readings),
        _forecasts(inference, plant, readings),
    )
    now = parse_answer(PredictionAnswer, prediction, inference.name)
    return RowScores(now.score, ahead, now.rules, fault)


async def _forecasts(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> tuple[tuple[ModelScore, ...], str]:
    try:
        answer = await forecast_all(inference, plant, readings)
    except PassedOn as refused:
        return (), f"forecasts: {refused.detail}"
    found = parse_answer(ForecastModelAnswers, answer, inference.name).forecasts
    return tuple(sorted((f.score for f in found), key=lambda score: score.horizon_hours)), ""
