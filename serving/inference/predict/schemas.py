"""Answers of /predict, as Pydantic models."""

from pydantic import BaseModel, Field

from serving.inference.rows.rules import FiredAlarmRule
from serving.inference.schemas import BadSignal, ConfidenceField, RowAnswer


class CrossedLimit(BaseModel):
    """An alarm rule that the given values meet, or an alarm limit that counts as crossed."""

    name: str = Field(
        description="of the alarm rule; by a bad signal alone also of a tag's alarm limit, as `PDT31008_HH`"
    )
    description: str
    bad_signal: bool = Field(
        default=False,
        description="it only counts as met or crossed, as the signal is bad, until a sound value shows otherwise",
    )

    @classmethod
    def of(cls, rule: FiredAlarmRule) -> "CrossedLimit":
        return cls(name=rule.name, description=rule.description, bad_signal=rule.bad_signal)


class PredictAnswer(RowAnswer):
    unused: list[str] = Field(description="given tags and features that the model does not use")
    rules: list[CrossedLimit] = Field(
        description="alarm rules that are met, and alarm limits that count as crossed because of a bad signal"
    )


class PointwiseScore(BaseModel):
    anomaly: bool = Field(
        description="whether the score is at or above the threshold, or an alarm limit counts as crossed because of a bad signal"
    )
    score: float = Field(description="higher is more anomalous")
    confidence: ConfidenceField


class BadReading(BadSignal):
    """A bad signal in one of the readings; the ends of its range are scored in its place."""

    reading: int = Field(description="its place among the readings, from 0")


class PointwiseAnswer(BaseModel):
    """One score per reading, in the order of the request."""

    predictions: list[PointwiseScore]
    anomalies: int = Field(description="number of anomalous readings")
    total: int = Field(description="number of scored readings")
    served_by: str = Field(description="process that served the request, as in the header X-Served-By")
    threshold: float | None = Field(description="anomaly at or above it; null: no threshold")
    model: str
    version: int
    prediction_id: str = Field(description="id of the whole response")
    plant: str
    imputed: dict[str, int] = Field(
        description="input → indices of the readings where it was missing and set to its training median"
    )
    out_of_range: dict[str, int] = Field(
        description="tag → indices of the readings whose value is outside its valid range; clipped to the range"
    )
    unused: list[str] = Field(description="given tags and features that the model does not use")
    bad_signals: list[BadReading] = Field(description="the first 100 values outside their range")
    rules: list[list[CrossedLimit]] = Field(
        description="of each reading the alarm limits that count as crossed because of a bad signal; empty where no reading has any"
    )
