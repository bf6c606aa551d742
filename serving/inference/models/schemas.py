"""Answers about plants and their models, as Pydantic models.

Belongs here: shapes. Doesn't belong here: what they hold (`service.py`).
"""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from serving.inference.models.slots import ModelStatus

Fact = TypeVar("Fact")
OfVersion = Annotated[Fact | None, Field(exclude_if=lambda fact: fact is None)]
"""Absent where no version is served."""


class ServedModelBrief(BaseModel):
    name: str
    version: int | None = Field(description="that is served")
    aliases: list[str]
    status: ModelStatus
    in_memory: bool = Field(description="false: the next request waits until it is read from the disk")
    threshold: float | None = Field(default=None, description="alarm at or above it; null: never")


class ServedModel(ServedModelBrief):
    loading: int | None = Field(description="version that is being loaded now")
    loaded_at: datetime | None = Field(description="since when this version is served here")
    previous: int | None = Field(description="version kept for a rollback")
    features: list[str] = []
    metrics: dict[str, float] = {}
    data_fingerprint: str = ""
    config_sha256: str = Field(
        default="", description="of the profile that it was trained with; empty: unknown"
    )
    files: dict[str, str] = Field(default={}, description="file of its bundle → sha256")
    task: OfVersion[str] = None
    algorithm: OfVersion[str] = None
    learning_mode: OfVersion[str] = None
    horizon_hours: OfVersion[float] = None
    run_id: OfVersion[str] = None
    created: OfVersion[datetime] = None
    fault: str = ""


class ServedModelsAnswer(BaseModel):
    models: list[ServedModel]


class PlantSummary(BaseModel):
    name: str
    title: str
    default: bool = Field(description="whether the routes at the root are its")
    ready: bool = Field(description="whether its main model is served")
    fault: str = Field(description="of its changed file, by line; it goes on as it was before. Empty: none")
    models: list[ServedModelBrief]


class ExcludedPlant(BaseModel):
    name: str
    fault: str = Field(description="of its file, by line")


class PlantSummariesAnswer(BaseModel):
    plants: list[PlantSummary]
    left_out: list[ExcludedPlant] = Field(description="plants whose file was never sound")


class RefreshAnswer(BaseModel):
    """The aliases are looked at soon; /models shows what came of it."""

    status: Literal["accepted"] = "accepted"


class InferenceReadiness(BaseModel):
    """What is served, and what is wrong with the rest."""

    ready: bool
    plant: str
    champion: int | None = Field(description="version of the plant's main model that is served")
    models: dict[str, str] = Field(description="model → ready, stale, failed, loading or absent")
    faults: dict[str, str]
    mlflow: str = Field(description="`answers`, or what is wrong")
    profile: str = Field(description="fault of the plant's changed file, by line; empty: none")
    left_out: dict[str, str] = Field(description="other plant → fault of its file, which was never sound")
