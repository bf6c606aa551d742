"""What the gateway reads of /explain and /recommend, and its own answer to /live/drivers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.gateway.upstream import Finite
from serving.warnings.brief import DriverTag


class DriverFeature(BaseModel):
    """A feature and its contribution."""

    feature: Annotated[str, Field(max_length=200)]
    value: Finite
    contribution: Finite


class RiskExplanation(BaseModel):
    """An explanation, the largest in magnitude first."""

    model_config = ConfigDict(protected_namespaces=())

    tags: Annotated[list[DriverTag], Field(max_length=5000)]
    local_importance: Annotated[list[DriverFeature], Field(max_length=20_000)]
    base_value: Finite
    output: Finite
    space: Literal["log_odds", "score"]
    method: str
    model: str
    version: int


class DriverAdvice(BaseModel):
    """A recommended check."""

    advice: str
    urgency: Literal["advice", "warning", "high"]
    check: list[str]
    why: str


class RecommendedAdvice(BaseModel):
    """Advice, the most urgent first."""

    recommendation: Annotated[list[DriverAdvice], Field(max_length=100)]
    why: str


class DrivingTag(DriverTag):
    """A tag with its features of the largest contributions."""

    features: list[DriverFeature] = Field(description="largest magnitude first")


class DriversAnswer(BaseModel):
    """Drivers of the newest scored row's risk; `base_value` plus all contributions is `output`."""

    model_config = ConfigDict(protected_namespaces=())

    plant: str
    plant_time: datetime = Field(description="plant time of the row")
    score_id: int = Field(description="`id` of the row in /live/scores")
    model: str
    version: int
    tags: list[DrivingTag] = Field(description="largest magnitude first")
    base_value: float = Field(description="the model's output at the training medians")
    output: float = Field(description="the model's output at the row")
    space: Literal["log_odds", "score"] = Field(description="scale of the contributions")
    method: str
    advice: list[DriverAdvice] | None = Field(description="most urgent first; null: not available")
    why: str = Field(description="a sentence on the risk, or why recommendations are not available")
