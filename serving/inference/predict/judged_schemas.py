"""Requests and answers of /predict where each reading is judged by itself, as Pydantic models.

Belongs here: shapes and bounds. Doesn't belong here: those of other plants (`schemas.py`).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.inference.schemas import MOST_ROWS, PredictRequest, Reading


class PointwiseRequest(PredictRequest):
    """Features, or readings that are judged one by one; that there is none is told apart from other faults."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"readings": [{"voltage": 229.8, "current": 81.2, "frequency": 50.01}]}]
        },
    )

    readings: Annotated[list[Reading], Field(max_length=MOST_ROWS, fail_fast=True)] | None = None


class PointwiseScore(BaseModel):
    anomaly: bool = Field(description="whether the score is at or above the threshold")
    score: float = Field(description="higher is more anomalous")


class PointwiseAnswer(BaseModel):
    """One judgement a reading, in their order."""

    predictions: list[PointwiseScore]
    anomalies: int = Field(description="readings that are anomalies")
    total: int = Field(description="readings that were judged")
    served_by: str = Field(description="the process that answered, as in the header X-Served-By")
    threshold: float | None = Field(description="anomaly at or above it; null: never")
    model: str
    version: int
    prediction_id: str = Field(description="of the whole answer")
    plant: str
    imputed: dict[str, int] = Field(
        description="input → readings without it, which stand at the training median"
    )
    out_of_range: dict[str, int] = Field(
        description="tag → readings whose value can't be true; they count as the end of the tag's range"
    )
    unused: list[str] = Field(description="given names that the plant knows and the model doesn't use")
