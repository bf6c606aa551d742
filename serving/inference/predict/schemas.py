"""Answers of /predict, as Pydantic models.

Belongs here: shapes. Doesn't belong here: requests (`rows/schemas.py`), what answers hold (`service.py`, `pointwise.py`).
"""

from pydantic import BaseModel, Field

from serving.inference.schemas import RowAnswer


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
