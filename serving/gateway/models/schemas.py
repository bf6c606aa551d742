"""Shapes of /models."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.events.kinds import LiveEvent


class MoveRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PromoteRequest(MoveRequest):
    """The version to promote."""

    plant: Slug
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="default: the challenger, otherwise the newest version"
    )


class RollbackRequest(MoveRequest):
    """The plant to roll back."""

    plant: Slug


class MovedChampion(BaseModel):
    """The champion before and after the change."""

    plant: str
    name: str
    before: int | None
    after: int
    by: str
    told: bool = Field(
        description="whether inference was notified; otherwise it polls the alias within seconds"
    )


class VersionInfo(BaseModel):
    """A version of a model, as MLflow has it."""

    version: int
    aliases: list[str]
    created: datetime
    algorithm: str
    data_fingerprint: str
    run_id: str
    dagster_run: str = Field(description="empty if published manually")
    unloadable: str = Field(description="why it can't be promoted; empty: it can")
    metrics: dict[str, float]


class ServingState(BaseModel):
    """A model's serving state, as reported by inference."""

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
    """One of a plant's models, with its serving version and all versions."""

    name: str = Field(description="registered name")
    short_name: str = Field(description="without the plant's prefix")
    title: str
    serving: ServingState | None = Field(description="null: inference does not respond")
    versions: list[VersionInfo] = Field(description="newest first; empty if MLflow does not respond")


class ModelsAnswer(BaseModel):
    """A plant's models."""

    plant: str
    champion: str = Field(description="registered name of the model that is promoted and rolled back")
    models: list[ModelInfo]
    missing: str = Field(description="what is unknown because a service does not respond; otherwise empty")
    mlflow: str = Field(description="base URL of the MLflow UI")
    rollback: int | None = Field(
        description="version of the champion model that a rollback makes champion; null: a rollback is refused"
    )


class FigureInterval(BaseModel):
    """A metric with its 90 % interval; null if it cannot be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None


class ModelFigures(BaseModel):
    """Out-of-fold metrics of a model or baseline at one horizon."""

    model: str
    trivial: bool
    pr_auc: FigureInterval
    roc_auc: FigureInterval
    brier: FigureInterval
    f1: float | None = Field(
        default=None,
        description="F1 of its alarms, row by row; null: unknown, or a report of an older release",
    )
    recall: FigureInterval = Field(description="share of events detected")
    lead: FigureInterval = Field(description="median lead time in hours")
    false_hours: FigureInterval = Field(description="false alarm hours per day")
    false_episodes: FigureInterval = Field(description="false alarms per day")


class CalibrationBin(BaseModel):
    """A bin of a reliability diagram."""

    low: float
    high: float
    count: int
    mean_probability: float | None
    observed: float | None


class HorizonFigures(BaseModel):
    """All models and baselines of one target: alarm now (0), or within `hours`."""

    hours: int
    base_rate: float
    n_events: int
    figures: list[ModelFigures]
    outcome: dict[str, str] = Field(description="model → a sentence comparing it with the trivial baselines")
    calibration: dict[str, list[CalibrationBin]] = Field(description="model → its reliability diagram")
    doubt: str = Field(
        description="why what answers is not to be trusted: now, as the promotion gate found a trivial baseline that is not "
        "worse; ahead, as not even the best model is significantly better than they are; empty: it is"
    )


class GateCondition(BaseModel):
    """A condition of the promotion gate; `passed` is null if not applicable."""

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
    """The metrics of a validation report, without its curves."""

    plant: str
    version: int | None = Field(description="the requested version; null: the newest report")
    dagster_run: str = Field(
        description="Dagster run that created the report and its versions; empty: unknown"
    )
    created: datetime
    first: datetime | None = Field(description="start of the data")
    last: datetime | None
    rows: int
    tested_first: datetime | None = Field(description="start of the out-of-fold test rows")
    tested_last: datetime | None
    sentences: list[str]
    notes: list[str]
    horizons: list[HorizonFigures]
    further: dict[str, float | None] = Field(description="figures of models without a probability")
    verdict: GateVerdict | None


_WHERE_KNOWN = Field(exclude_if=lambda value: value is None)


class ModelData(BaseModel):
    """A model's version or aliases have changed; `action` and `by` are set if a person changed them."""

    plant: str
    name: str
    version: int | None
    aliases: list[str]
    previous: int | None = Field(description="previous version")
    action: Annotated[Literal["promote", "rollback"] | None, _WHERE_KNOWN] = None
    by: Annotated[str | None, _WHERE_KNOWN] = None


class ModelEvent(LiveEvent, frozen=True):
    """Another version of a model is serving or loading."""

    event: Literal["model"] = "model"
    data: ModelData
