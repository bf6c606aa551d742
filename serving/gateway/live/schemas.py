"""What clients get of the live loop: answers of /live, and the events that it tells."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.events.kinds import LiveEvent
from serving.gateway.live.readings import LiveRow
from serving.scores.scores import ModelScore
from serving.store.tables import LARGEST_ID
from serving.times import Time


class LiveAnswer(BaseModel):
    """State of this gateway process's live loop; of another process only the scores are visible."""

    role: str = Field(description="`scores` if it scores live readings, otherwise the reason why not")
    services: dict[str, str] = Field(description="`answers` if it responds, otherwise the fault")
    plant: str | None
    plant_time: datetime | None = Field(description="plant time of the newest row")
    scored_time: datetime | None = Field(description="plant time of the newest scored row")


class ScoresPage(BaseModel):
    """Which scores are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plant: Slug | None = Field(default=None, description="default: the live plant")
    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = Field(
        default=None, description="`next` of the previous page"
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 96
    since: Time | None = Field(default=None, description="rows at or after this plant time")
    until: Time | None = Field(default=None, description="rows at or before this plant time")


class ScoredRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    plant: str
    plant_time: datetime
    risk: float = Field(description="probability of an alarm now")
    alarm: bool
    passed_over: int = Field(description="number of rows before this one that were skipped")
    scores: list[ModelScore] = Field(description="one for now and one for each horizon")
    rules: list[str] = Field(description="alarm rules that are met on sound values")
    stale: list[str] = Field(description="tags with stale or physically impossible values")


class ScoresAnswer(BaseModel):
    """A page, newest first."""

    rows: list[ScoredRow]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class ReadingData(LiveRow):
    """A new row."""

    plant: str
    number: int = Field(description="row number since the plant's start")


class ReadingEvent(LiveEvent, frozen=True):
    """The plant's newest row."""

    event: Literal["reading"] = "reading"
    data: ReadingData


class ScoresData(ScoredRow):
    """Scores of a new row."""

    number: int = Field(description="row number since the plant's start")


class ScoresEvent(LiveEvent, frozen=True):
    """A row has been scored."""

    event: Literal["scores"] = "scores"
    data: ScoresData


class StatusEvent(LiveEvent, frozen=True):
    """A service that the live loop needs has changed."""

    event: Literal["status"] = "status"
    data: LiveAnswer


class RunData(BaseModel):
    """A pipeline run; times in seconds since 1970."""

    id: str
    plant: str | None
    job: str
    status: str = Field(description="Dagster's run status")
    steps_done: int
    steps_failed: int
    steps_total: int | None
    started: float | None
    ended: float | None


class RunEvent(LiveEvent, frozen=True):
    """A pipeline run has started or changed its state."""

    event: Literal["run"] = "run"
    data: RunData
