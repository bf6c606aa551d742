"""Answers of /predict, as Pydantic models.

Belongs here: shapes. Doesn't belong here: requests (`rows/schemas.py`), what answers hold (`service.py`, `pointwise.py`).
"""

from pydantic import BaseModel, Field

from serving.inference.rows.rules import FiredAlarmRule
from serving.inference.schemas import BadSignal, ConfidenceField, RowAnswer


class CrossedLimit(BaseModel):
    """A limit of the plant that the given values cross."""

    name: str = Field(
        description="of the alarm rule; by a bad signal alone also of a tag's limit, as `PDT31008_HH`"
    )
    description: str
    bad_signal: bool = Field(
        default=False,
        description="it only counts as crossed, as the signal is bad, until a sound value shows otherwise",
    )

    @classmethod
    def of(cls, rule: FiredAlarmRule) -> "CrossedLimit":
        return cls(name=rule.name, description=rule.description, bad_signal=rule.bad_signal)


class PredictAnswer(RowAnswer):
    unused: list[str] = Field(description="given names that the plant knows and the model doesn't use")
    rules: list[CrossedLimit] = Field(description="hard limits that the given values cross")


class PointwiseScore(BaseModel):
    anomaly: bool = Field(
        description="whether the score is at or above the threshold, or a limit counts as crossed as a signal is bad"
    )
    score: float = Field(description="higher is more anomalous")
    confidence: ConfidenceField


class BadReading(BadSignal):
    """A bad signal in one of the readings; the ends of its range are scored in its place."""

    reading: int = Field(description="its place among the readings, from 0")


class PointwiseAnswer(BaseModel):
    """One judgement a reading, in their order."""

    predictions: list[PointwiseScore]
    anomalies: int = Field(description="readings that are anomalies")
    total: int = Field(description="readings that were scored")
    served_by: str = Field(description="the process that answered, as in the header X-Served-By")
    threshold: float | None = Field(description="anomaly at or above it; null: never")
    model: str
    version: int
    prediction_id: str = Field(description="of the whole answer")
    plant: str
    imputed: dict[str, int] = Field(
        description="input → readings without it, where it was set to its training median"
    )
    out_of_range: dict[str, int] = Field(
        description="tag → readings whose value is outside its range; set to the nearer end of the range"
    )
    unused: list[str] = Field(description="given names that the plant knows and the model doesn't use")
    bad_signals: list[BadReading] = Field(description="the first 100 values outside their range")
    rules: list[list[CrossedLimit]] = Field(
        description="of each reading the limits that count as crossed as a signal is bad; empty where no reading has any"
    )
