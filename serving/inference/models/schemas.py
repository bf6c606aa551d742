"""Answers about plants and their models, as Pydantic models."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from serving.inference.models.slots import ModelStatus
from serving.web.app import Health

Fact = TypeVar("Fact")
OfVersion = Annotated[Fact | None, Field(exclude_if=lambda fact: fact is None)]
"""Absent where no version is served."""


class ServedModelBrief(BaseModel):
    name: str
    version: int | None = Field(description="serving version")
    aliases: list[str]
    status: ModelStatus
    in_memory: bool = Field(description="false: the next request waits until it is loaded")
    threshold: float | None = Field(default=None, description="alarm at or above it; null: no threshold")


class ServedModel(ServedModelBrief):
    loading: int | None = Field(description="version being loaded")
    loaded_at: datetime | None = Field(description="when this version was loaded")
    previous: int | None = Field(description="version to roll back to")
    features: list[str] = []
    metrics: dict[str, float] = {}
    data_fingerprint: str = ""
    config_sha256: str = Field(
        default="", description="SHA-256 of the profile used in training; empty: unknown"
    )
    files: dict[str, str] = Field(default={}, description="bundle file → SHA-256")
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
    default: bool = Field(description="whether routes without /plants/{plant} are of this plant")
    ready: bool = Field(description="whether the model whose answer is the plant's is serving")
    answering: str = Field(description="registered name of the model whose answer is the plant's")
    fault: str = Field(
        description="fault in its changed profile, with its line; the previous profile stays in use. Empty: none"
    )
    models: list[ServedModelBrief]


class ExcludedPlant(BaseModel):
    name: str
    fault: str = Field(description="fault in its profile, with its line")


class PlantSummariesAnswer(BaseModel):
    plants: list[PlantSummary]
    left_out: list[ExcludedPlant] = Field(
        description="plants excluded because their profile has never been valid"
    )


class ModelHealth(Health):
    """That the process is alive, and what it serves; nothing loaded is healthy too."""

    model: str | None = Field(
        description="registered name of the model that /predict asks; null: none is loaded"
    )
    version: int | None = Field(description="serving version; null: none is loaded")
    features: list[str] | None = Field(
        description="inputs of a reading, in the order of the profile; null: no model is loaded"
    )


class RefreshAnswer(BaseModel):
    """The aliases will be polled; /models shows the result."""

    status: Literal["accepted"] = "accepted"


class InferenceReadiness(BaseModel):
    """What is serving, and the faults of the rest."""

    ready: bool
    plant: str
    champion: int | None = Field(description="serving version of the plant's champion model")
    models: dict[str, str] = Field(description="model → ready, stale, failed, loading or absent")
    faults: dict[str, str]
    mlflow: str = Field(description="`answers` if it responds, otherwise the fault")
    profile: str = Field(description="fault in the plant's changed profile, with its line; empty: none")
    left_out: dict[str, str] = Field(description="excluded plant → fault in its profile")
