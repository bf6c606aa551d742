"""What the gateway reads of other services' answers, and its own answer to /infer/auto.

Those are the parts that the gateway relies on; everything else is passed on as it came.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from plant_assets.profile.model import Slug
from serving.gateway.upstream import Finite
from serving.scores.scores import Confidence, FiredRule

HOURS = 96
"""Look-back that the longest features need."""


class ScoreAnswer(BaseModel):
    """A score, as inference gives it; what the gateway doesn't rely on is kept as it came."""

    model_config = ConfigDict(protected_namespaces=(), frozen=True, extra="allow")

    model: Annotated[str, Field(max_length=200)]
    version: Annotated[int, Field(ge=0, lt=2**63)]
    prediction_id: Annotated[str, Field(max_length=300)]
    plant: Annotated[str, Field(max_length=64)]
    risk_score: Finite
    alarm: bool


class CrossingSignal(BaseModel):
    """A value beyond its physical range, and the alarm rules and limits that count as met or crossed by it."""

    name: Annotated[str, Field(max_length=100)]
    crossed: Annotated[list[str], Field(max_length=100)] = []


class ScoreBand(BaseModel):
    low: Finite
    high: Finite


class ModelAnswer(ScoreAnswer):
    """A score with its threshold, alarm and confidence."""

    confidence: Confidence = "full"
    bad_signals: Annotated[list[CrossingSignal], Field(max_length=2000)] = []
    anomaly_probability: Finite | None = None
    threshold: Finite | None = None
    horizon_hours: Annotated[float, Field(ge=0, le=10_000)]
    interval: ScoreBand | None = None


class PredictionAnswer(ModelAnswer):
    rules: Annotated[tuple[FiredRule, ...], Field(max_length=100)] = ()


class ReadingJudgement(BaseModel):
    """What is said of one reading."""

    anomaly: bool
    score: Finite
    confidence: Confidence = "full"


class ReadingSignal(CrossingSignal):
    """A bad signal of one reading, by its place."""

    reading: int


class JudgedReadings(BaseModel):
    """The answer of a plant that judges each reading by itself."""

    model_config = ConfigDict(protected_namespaces=(), frozen=True)

    predictions: Annotated[list[ReadingJudgement], Field(min_length=1)]
    rules: list[list[FiredRule]] = []
    bad_signals: list[ReadingSignal] = []
    threshold: Finite | None = None
    model: Annotated[str, Field(max_length=200)]
    version: Annotated[int, Field(ge=0, lt=2**63)]
    prediction_id: Annotated[str, Field(max_length=300)]
    plant: Annotated[str, Field(max_length=64)]


class ForecastScores(BaseModel):
    """The answer for all horizons."""

    forecasts: Annotated[list[ScoreAnswer], Field(min_length=1)]


class ForecastAnswers(BaseModel):
    """The answer for all horizons, with what decides over alarms."""

    forecasts: Annotated[list[ModelAnswer], Field(max_length=50)]


class ReadingRow(BaseModel):
    """One row of the sensors service."""

    timestamp: AwareDatetime
    values: Annotated[dict[str, Finite | None], Field(max_length=2000)]


class ReadingRows(BaseModel):
    """The newest rows of the sensors service, oldest first."""

    plant: Slug
    rows: Annotated[list[ReadingRow], Field(max_length=2000)]


class ScoredWindow(BaseModel):
    """The readings that were scored."""

    rows: int
    first: datetime
    last: datetime


class AutoAnswer(BaseModel):
    """Scores of the newest readings, with drivers if available."""

    plant: str
    readings: ScoredWindow
    prediction: PredictionAnswer
    forecasts: list[ModelAnswer]
    explanation: dict[str, JsonValue] | None
    explanation_missing: str | None = Field(description="why the explanation is not available")
    history_id: int
