"""Answers of /live, and the events that the gateway tells itself."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.events.kinds import LiveEvent
from serving.scores.schemas import ScoredRow
from serving.store.tables import LARGEST_ID
from serving.times import Time


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


class ScoresAnswer(BaseModel):
    """A page, newest first."""

    rows: list[ScoredRow]
    next: int | None = Field(description="`before` of the next page; null on the last one")


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
