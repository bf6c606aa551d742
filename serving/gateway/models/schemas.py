"""Shapes of /models.

Belongs here: what clients send and get. Doesn't belong here: MLflow's shapes (`mlflow.py`), the report's
(`figures.py`).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.gateway.events.kinds import LiveEvent


class MoveRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PromoteRequest(MoveRequest):
    """Which version shall answer."""

    plant: Slug
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="without one: the challenger, else the newest"
    )


class RollbackRequest(MoveRequest):
    """The plant whose previous champion shall answer again."""

    plant: Slug


class MovedChampion(BaseModel):
    """What became of the champion."""

    plant: str
    name: str
    before: int | None
    after: int
    by: str
    told: bool = Field(description="inference was notified; otherwise it follows the alias within seconds")


class VersionInfo(BaseModel):
    """A version of a model, as MLflow has it."""

    version: int
    aliases: list[str]
    created: datetime
    algorithm: str
    data_fingerprint: str
    run_id: str
    dagster_run: str = Field(description="empty where a person published it")
    metrics: dict[str, float]


class ServingState(BaseModel):
    """What inference says of a model."""

    version: int | None
    aliases: list[str] = []
    status: Literal["ready", "stale", "failed", "loading", "absent"]
    loading: int | None = None
    loaded_at: datetime | None = None
    previous: int | None = None
    fault: str = ""
    task: str | None = None
    algorithm: str | None = None
    horizon_hours: float | None = None
    threshold: float | None = None
    created: datetime | None = None
    data_fingerprint: str = ""
    metrics: dict[str, float] = {}


class ModelInfo(BaseModel):
    """One of a plant's models: which version answers, and which there are."""

    name: str = Field(description="registered name")
    short_name: str = Field(description="without the plant's prefix")
    title: str
    serving: ServingState | None = Field(description="null: inference doesn't tell")
    versions: list[VersionInfo] = Field(description="the newest first; empty where MLflow doesn't answer")


class ModelsAnswer(BaseModel):
    """A plant's models."""

    plant: str
    champion: str = Field(description="registered name of the model that is promoted and rolled back")
    models: list[ModelInfo]
    missing: str = Field(description="what isn't known because a service doesn't answer; else empty")
    mlflow: str = Field(description="root of MLflow's pages, for links")


class FigureInterval(BaseModel):
    """A figure with its 90 % interval; null where it can't be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None


class ModelFigures(BaseModel):
    """Figures of a model or baseline at one horizon, out of fold."""

    model: str
    trivial: bool
    pr_auc: FigureInterval
    roc_auc: FigureInterval
    brier: FigureInterval
    recall: FigureInterval = Field(description="share of events that were found")
    lead: FigureInterval = Field(description="hours from the warning to the event, median")
    false_hours: FigureInterval = Field(description="false alarm hours a day")
    false_episodes: FigureInterval = Field(description="false alarms a day")


class CalibrationBin(BaseModel):
    """A bin of a reliability diagram."""

    low: float
    high: float
    count: int
    mean_probability: float | None
    observed: float | None


class HorizonFigures(BaseModel):
    """All models and baselines of one question: alarm now (0), or within `hours`."""

    hours: int
    base_rate: float
    n_events: int
    figures: list[ModelFigures]
    outcome: dict[str, str] = Field(description="by model: a sentence on how it does against the baselines")
    calibration: dict[str, list[CalibrationBin]] = Field(description="by model")


class GateCondition(BaseModel):
    """A condition of the gate; `passed` is null where it doesn't apply."""

    name: str
    passed: bool | None
    sentence: str


class GateVerdict(BaseModel):
    """The promotion gate's decision on the challenger."""

    promote: bool
    headline: str
    conditions: list[GateCondition]
    figures: dict[str, float | None]


class FiguresAnswer(BaseModel):
    """What a validation report holds, without its curves."""

    plant: str
    version: int | None = Field(description="the requested version; null: the newest report")
    dagster_run: str = Field(description="the run that made it, and the versions it judges; empty: unknown")
    created: datetime
    first: datetime | None = Field(description="of the data")
    last: datetime | None
    rows: int
    tested_first: datetime | None = Field(description="of the rows that models were tested on")
    tested_last: datetime | None
    sentences: list[str]
    notes: list[str]
    horizons: list[HorizonFigures]
    further: dict[str, float | None] = Field(description="figures of models that no probability comes from")
    verdict: GateVerdict | None


_WHERE_KNOWN = Field(exclude_if=lambda value: value is None)


class ModelData(BaseModel):
    """A model's version or aliases have changed; `action` and `by` where a person moved it."""

    plant: str
    name: str
    version: int | None
    aliases: list[str]
    previous: int | None = Field(description="the version before")
    action: Annotated[Literal["promote", "rollback"] | None, _WHERE_KNOWN] = None
    by: Annotated[str | None, _WHERE_KNOWN] = None


class ModelEvent(LiveEvent, frozen=True):
    """Another version of a model is serving, or is about to."""

    event: Literal["model"] = "model"
    data: ModelData
