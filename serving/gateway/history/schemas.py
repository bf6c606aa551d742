"""Questions to the history and what it answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from serving.store.tables import LARGEST_ID
from serving.times import Time

InferType = Literal["predict", "forecast", "auto"]


class HistoryFilter(BaseModel):
    """Which entries are meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: InferType | None = None
    since: Time | None = Field(
        default=None, description="at or after this time, with offset: 2026-01-01T00:00Z"
    )
    until: Time | None = Field(default=None, description="before this time, with offset")


class HistoryPage(HistoryFilter):
    """Which of them are shown."""

    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = Field(
        default=None, description="`next` of the previous page"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class EntrySummary(BaseModel):
    """A result; of several forecasts, model to risk are those of the highest risk."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: int
    created_at: datetime
    type: InferType
    plant: str
    model: str
    version: int
    prediction_id: str
    risk_score: float
    alarm: bool = Field(description="whether any of its scores is an alarm")


class EntryDetail(EntrySummary):
    request: JsonValue
    answer: JsonValue = Field(description="the response, without explanations")


class HistoryAnswer(BaseModel):
    """A page, newest first."""

    entries: list[EntrySummary]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class DeletedEntries(BaseModel):
    deleted: int
