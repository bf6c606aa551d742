"""Requests and answers of /predict, as Pydantic models.

Belongs here: shapes and bounds. Doesn't belong here: what they hold (`service.py`, `pointwise.py`).
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.faults import unexpected
from serving.inference.schemas import NamedValues, Readings, RowAnswer, StrictRequest


class PredictRequest(StrictRequest):
    """Features by name in any case, or recent raw readings that the features are computed from."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"features": {"pdt31008": 240.0, "lic31002_deviation": 1.5}}]},
    )

    features: NamedValues | None = Field(default=None, description="name → value; null or absent is imputed")
    readings: Readings | None = Field(
        default=None,
        description="raw rows one sampling interval apart, oldest first; gaps that ingest would hold are held",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.features is None) == (self.readings is None):
            wrong = (
                "both features and readings" if self.features is not None else "neither features nor readings"
            )
            raise unexpected(wrong, "one of the two")
        return self


class CrossedLimit(BaseModel):
    """A hard limit of the plant that the given values cross."""

    name: str
    description: str


class PredictAnswer(RowAnswer):
    unused: list[str] = Field(description="given names that the plant knows and the model doesn't use")
    rules: list[CrossedLimit] = Field(description="hard limits that the given values cross")


class PointwiseScore(BaseModel):
    anomaly: bool = Field(description="whether the score is at or above the threshold")
    score: float = Field(description="higher is more anomalous")


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
