"""Rows and their scores as clients see them, and the events that tell of them.

Belongs here: shapes that `serving/live` writes and the gateway shows. Doesn't belong here: tables.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from plant_assets.profile.model import Slug
from serving.events.kinds import LiveEvent
from serving.scores.scores import ModelScore

Quality = Literal["good", "held", "stale", "frozen", "saturated", "missing"]
NO_NEWS = frozenset({"stale", "frozen", "missing"})
"""Qualities of values that say nothing of the plant's present."""


class LiveRow(BaseModel):
    """One sampling interval, with what is known of its values."""

    timestamp: AwareDatetime
    values: Annotated[dict[str, Annotated[float, Field(allow_inf_nan=False)] | None], Field(max_length=2000)]
    quality: dict[str, Quality] = Field(default={}, max_length=2000)


class LiveRows(BaseModel):
    """The newest rows of a plant, oldest first."""

    plant: Slug
    interval_s: float = 0
    rows: Annotated[list[LiveRow], Field(max_length=2000)]


class LiveAnswer(BaseModel):
    """State of a plant's live readings and their scoring."""

    role: str = Field(description="`scores` if its rows are scored, otherwise the reason why not")
    services: dict[str, str] = Field(
        default={}, description="what scoring needs: `answers` if it responds, otherwise the fault"
    )
    plant: str | None
    plant_time: datetime | None = Field(description="plant time of the newest reading")
    scored_time: datetime | None = Field(description="plant time of the newest scored row")
    backlog: int = Field(default=0, description="complete rows that wait for their scores")
    stale: list[str] = Field(default=[], description="tags whose source says that it is gone")


class LivePlants(BaseModel):
    """All plants that receive readings."""

    plants: list[LiveAnswer]


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


class ReadingData(LiveRow):
    """A new row."""

    plant: str
    number: int = Field(description="number of the row's interval, the same after a restart")


class ReadingEvent(LiveEvent, frozen=True):
    """The plant's newest row."""

    event: Literal["reading"] = "reading"
    data: ReadingData


class ScoresData(ScoredRow):
    """Scores of a new row."""

    number: int = Field(description="number of the row's interval, the same after a restart")


class ScoresEvent(LiveEvent, frozen=True):
    """A row has been scored."""

    event: Literal["scores"] = "scores"
    data: ScoresData


class StatusEvent(LiveEvent, frozen=True):
    """A plant's readings, or what scoring needs, have changed."""

    event: Literal["status"] = "status"
    data: LiveAnswer
