"""What the gateway reads of /explain and /recommend, and its own answer to /live/drivers.

Belongs here: shapes. Doesn't belong here: who is asked (`service.py`).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.gateway.upstream import Finite


class DriverFeature(BaseModel):
    """A feature, and what it adds to the model's answer."""

    feature: Annotated[str, Field(max_length=200)]
    value: Finite
    contribution: Finite


class DriverTag(BaseModel):
    """A tag or a controller, and what its features add together."""

    tag: Annotated[str, Field(max_length=100)]
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
    """What the plant's engineers advise."""

    advice: str
    urgency: Literal["advice", "warning", "high"]
    check: list[str]
    why: str


class RecommendedAdvice(BaseModel):
    """Advice, the most urgent first."""

    recommendation: Annotated[list[DriverAdvice], Field(max_length=100)]
    why: str


class DrivingTag(DriverTag):
    """A tag with those of its features that add most."""

    features: list[DriverFeature] = Field(description="the largest in magnitude first")


class DriversAnswer(BaseModel):
    """What moves the risk of the newest scored row; `base_value` plus all contributions is `output`."""

    model_config = ConfigDict(protected_namespaces=())

    plant: str
    plant_time: datetime = Field(description="of the row")
    score_id: int = Field(description="the row's id in /live/scores")
    model: str
    version: int
    tags: list[DrivingTag] = Field(description="the largest in magnitude first")
    base_value: float = Field(description="the answer to the training medians")
    output: float = Field(description="the answer to the row")
    space: Literal["log_odds", "score"] = Field(description="what contributions are in")
    method: str
    advice: list[DriverAdvice] | None = Field(description="the most urgent first; null: it couldn't be had")
    why: str = Field(description="the risk in a sentence; or why there is no advice")
