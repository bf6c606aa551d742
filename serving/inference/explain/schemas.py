"""Requests and answers of /explain, /global_importance and /recommend, as Pydantic models."""

from typing import Literal

from pydantic import BaseModel, Field

from serving.inference.predict.schemas import PredictAnswer
from serving.inference.rows.schemas import OperatorAdvice, PredictRequest


class ExplainRequest(PredictRequest):
    """As for /predict, and the model to explain."""

    model: str = Field(
        default="champion", max_length=100, description="model to explain, such as champion or forecaster_3h"
    )


class FeatureShare(BaseModel):
    feature: str
    value: float = Field(description="the given value, or the training median if it was missing")
    contribution: float


class TagShare(BaseModel):
    tag: str
    contribution: float


class ExplainAnswer(PredictAnswer):
    """`base_value` plus all contributions is `output`."""

    local_importance: list[FeatureShare] = Field(description="largest magnitude first")
    tags: list[TagShare] = Field(description="sums by tag, largest magnitude first")
    base_value: float = Field(description="the model's output at the training medians")
    output: float = Field(description="the model's output at the row")
    space: Literal["log_odds", "score"]
    method: str


class FeatureImportance(BaseModel):
    feature: str
    importance: float


class TagImportance(BaseModel):
    tag: str
    importance: float


class ImportanceAnswer(BaseModel):
    """Mean absolute contribution over the training rows, as shares that sum to 1."""

    importances: list[FeatureImportance]
    tags: list[TagImportance]
    rows: int
    method: str
    space: Literal["log_odds", "score"]
    model: str
    version: int
    plant: str


class RecommendAnswer(PredictAnswer):
    """Recommended checks for the given values."""

    recommendation: list[OperatorAdvice] = Field(description="most urgent first")
    urgency: Literal["none", "advice", "warning", "high"] = Field(description="highest urgency")
    check: list[str] = Field(description="all recommended checks without duplicates, most urgent first")
    why: str
    drivers: list[TagShare] = Field(description="tags that raise the risk most")
    failure_frequency_48: float | None = Field(
        description="number of the last 48 hours in alarm; null if unknown"
    )
