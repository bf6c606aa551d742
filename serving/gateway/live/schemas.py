"""What clients get of the live loop: answers of /live, and the events that it tells.

Belongs here: shapes and bounds. Doesn't belong here: what inference answers (`serving/gateway/infer`).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.gateway.events.kinds import LiveEvent
from serving.gateway.infer.scores import ModelScore
from serving.gateway.live.readings import LiveRow
from serving.gateway.tables import LARGEST_ID
from serving.gateway.times import Time


class LiveAnswer(BaseModel):
    """What this gateway's loop does. Another gateway's is seen by its scores alone."""

    role: str = Field(description="`scores`, or why it doesn't")
    services: dict[str, str] = Field(description="`answers`, or what is wrong")
    plant: str | None
    plant_time: datetime | None = Field(description="of the newest row")
    scored_time: datetime | None = Field(description="of the newest row that was scored")


class ScoresPage(BaseModel):
    """Which scores are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plant: Slug | None = Field(default=None, description="without one, the live plant")
    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 96
    since: Time | None = Field(default=None, description="not of earlier rows, in plant time")
    until: Time | None = Field(default=None, description="not of later rows, in plant time")


class ScoredRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    plant: str
    plant_time: datetime
    risk: float = Field(description="probability of an alarm now")
    alarm: bool
    passed_over: int = Field(description="rows before this one that were not scored")
    scores: list[ModelScore] = Field(description="now and each horizon")
    rules: list[str] = Field(description="label rules that fired on sound values")
    stale: list[str] = Field(description="tags whose value is no news, or can't physically be true")


class ScoresAnswer(BaseModel):
    """A page, newest first."""

    rows: list[ScoredRow]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class ReadingData(LiveRow):
    """A new row."""

    plant: str
    number: int = Field(description="of the row in the plant's life")


class ReadingEvent(LiveEvent, frozen=True):
    """The plant's newest row."""

    event: Literal["reading"] = "reading"
    data: ReadingData


class ScoresData(ScoredRow):
    """What the models said of a new row."""

    number: int = Field(description="of the row in the plant's life")


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
    status: str = Field(description="in Dagster's words")
    steps_done: int
    steps_failed: int
    steps_total: int | None
    started: float | None
    ended: float | None


class RunEvent(LiveEvent, frozen=True):
    """A pipeline run has begun or got further."""

    event: Literal["run"] = "run"
    data: RunData
