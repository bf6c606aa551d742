"""What the models say of the newest row: the risk now, at each horizon, and which alarm rules are met.

Belongs here: asking inference, and what is kept of its answers. Doesn't belong here: what follows from it
(`serving/gateway/warnings`).
"""

import asyncio
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.requests import forecast_all, predict_newest
from serving.gateway.infer.schemas import Confidence, FiredRule, ModelAnswer
from serving.gateway.problems import PassedOn
from serving.gateway.upstream import ServiceClient


class ModelScore(BaseModel):
    """One model's word on one row.

    Attributes:
        horizon_hours: 0 is now.
        probability: of an alarm; a raw score where the model isn't calibrated.
        low, high: band around it, where the model has one.
        threshold: alarm at or above it; None: never.
        confidence: how far it can be relied on: `reduced` beside a bad signal, `none` where too many inputs are missing.
        bad_signals: names of tags whose value can't physically be true.
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
    confidence: Confidence = "full"
    bad_signals: list[str] = []

    @classmethod
    def of(cls, answer: ModelAnswer) -> "ModelScore":
        probability, band = answer.anomaly_probability, answer.interval
        return cls(
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

    @property
    def shown(self) -> tuple[FiredRule, ...]:
        """The alarm rules that sound values meet, without those that only count as met."""
        return tuple(rule for rule in self.rules if not rule.bad_signal)

    def bad_tags(self, profile: PlantProfile) -> frozenset[str]:
        """Tags whose own value or extreme can't physically be true."""
        bad = {name for score in self.scores for name in score.bad_signals}
        return frozenset(tag.name for tag in profile.tags if bad & {tag.name, *tag.extremes})


async def score_row(inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]) -> RowScores:
    """Score the newest of some readings, which come oldest first.

    Raises:
        Problem: there is no score of the risk now. Forecasts may be missing.
    """
    prediction, (ahead, fault) = await asyncio.gather(
        predict_newest(inference, plant, readings),
        _forecasts(inference, plant, readings),
    )
    return RowScores(ModelScore.of(prediction), ahead, prediction.rules, fault)


async def _forecasts(
    inference: ServiceClient, plant: PlantProfile, readings: list[JsonValue]
) -> tuple[tuple[ModelScore, ...], str]:
    try:
        found = await forecast_all(inference, plant, readings)
    except PassedOn as refused:
        return (), f"forecasts: {refused.detail}"
    return tuple(sorted(map(ModelScore.of, found), key=lambda score: score.horizon_hours)), ""
