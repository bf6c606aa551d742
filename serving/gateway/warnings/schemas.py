"""Warnings as clients see them, and what they may ask for."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from plant_assets.profile.model import Slug
from serving.faults import ExpectedInput, expectation_error
from serving.store.tables import LARGEST_ID
from serving.times import Time
from serving.warnings.schemas import WarningAnswer
from serving.warnings.tables import LONGEST_NOTE, Action, Kind, Verdict

Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")
]
LONGEST_PERIOD = timedelta(days=31)


class WarningFilter(BaseModel):
    """Which warnings are meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plant: Slug | None = None
    state: Literal["open", "new", "acknowledged", "shelved", "cleared"] | None = Field(
        default=None, description="open: all states but cleared"
    )
    kind: Kind | None = None
    horizon_hours: Annotated[float, Field(ge=0, le=10_000)] | None = None
    since: Time | None = Field(default=None, description="opened at or after this plant time")
    until: Time | None = Field(default=None, description="opened before this plant time")


class WarningPage(WarningFilter):
    """Which of them are shown."""

    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = Field(
        default=None, description="`next` of the previous page"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AckRequest(_Request):
    """The horizon that was reviewed; without `horizon_hours`, the warning's present one."""

    note: Note = ""
    horizon_hours: Annotated[float, Field(ge=0, le=10_000)] | None = Field(
        default=None, description="horizon of the warning when it was reviewed; 409 if it has escalated since"
    )


class AckGroupRequest(AckRequest):
    """The newest warning that was reviewed; `horizon_hours` is its horizon."""

    newest_id: Annotated[int, Field(ge=1, le=LARGEST_ID)] = Field(
        description="newest warning of the group when it was reviewed; 409 if another has opened since"
    )


class ShelveRequest(_Request):
    """Duration and reason; either `until` or `hours`, both in wall-clock time."""

    hours: (
        Annotated[float, Field(gt=0, allow_inf_nan=False), ExpectedInput("a number of hours above 0")] | None
    ) = None
    until: Time | None = None
    reason: Annotated[Note, StringConstraints(min_length=1)]

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.hours is None) == (self.until is None):
            raise expectation_error("both" if self.hours is not None else "neither", "one of hours and until")
        return self


class UnshelveRequest(_Request):
    note: Note = ""


class VerdictRequest(_Request):
    """Verdict on a warning; for true, optionally with start and end of the alarm (plant time)."""

    verdict: Annotated[Verdict, ExpectedInput("true, false or unsure, as a text")]
    note: Note = ""
    start: Time | None = None
    end: Time | None = None

    @model_validator(mode="after")
    def _whole_period(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise expectation_error("one of start and end", "both start and end, or neither")
        if self.start is None or self.end is None:
            return self
        if self.verdict != "true":
            raise expectation_error(
                f"a period of what is {self.verdict}", "start and end with the verdict true alone"
            )
        if self.end < self.start:
            raise expectation_error("end lies before start", "end at start or after it")
        if self.end - self.start > LONGEST_PERIOD:
            raise expectation_error(
                f"a period of {self.end - self.start}",
                f"at most {LONGEST_PERIOD.days} days from start to end",
            )
        return self


class ActionAnswer(BaseModel):
    """An entry of the timeline; `by` is null for actions of the gateway."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    plant_time: datetime | None
    by: str | None = Field(validation_alias="user_name")
    action: Action
    note: str


class WarningStory(WarningAnswer):
    """A warning with its timeline, oldest first."""

    actions: list[ActionAnswer]


class WarningsAnswer(BaseModel):
    """A page, newest first."""

    warnings: list[WarningAnswer]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class WarningGroup(BaseModel):
    """A warning and its repeats."""

    id: int = Field(description="of the first of them")
    count: int
    unacknowledged: int
    since: datetime = Field(description="when the first opened")
    warnings: list[WarningAnswer] = Field(description="those of them that match, newest first; at most 50")


class GroupsAnswer(BaseModel):
    """A page of groups, by the newest warning of each that matches."""

    groups: list[WarningGroup]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class AcknowledgedGroup(BaseModel):
    """A group after its acknowledgement, newest first."""

    warnings: list[WarningAnswer]


class DroppedLog(BaseModel):
    """The dropped operator log; `written` is false if the same file was there already."""

    file: str
    periods: int = Field(description="rows of the log, one per excursion; overlapping warnings share one")
    left_out: int = Field(description="number of true warnings without a known period")
    written: bool
