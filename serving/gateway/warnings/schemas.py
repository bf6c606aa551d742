"""Warnings as clients see them, and what they may ask for."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from plant_assets.profile.model import Slug
from serving.faults import ExpectedInput, expectation_error
from serving.gateway.events.kinds import LiveEvent
from serving.gateway.tables import LARGEST_ID
from serving.gateway.times import Time
from serving.gateway.warnings.outcomes import Outcome
from serving.gateway.warnings.tables import LONGEST_NOTE, Action, Kind, Verdict

State = Literal["new", "acknowledged", "shelved", "cleared"]
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


class WarningShelf(BaseModel):
    until: datetime
    by: str | None
    reason: str | None


class WarningVerdict(BaseModel):
    """A verdict and its label."""

    verdict: Verdict
    at: datetime
    by: str
    note: str
    start: datetime | None
    end: datetime | None
    label: tuple[datetime, datetime] | None = Field(
        description="first and last moment that the operator log gets; quiet hours between two excursions are left out "
        "there. Null where it gets none"
    )
    label_missing: str = Field(description="why a true warning yields no label")


class CrossedThreshold(BaseModel):
    """The threshold or alarm rule that opened the warning, or escalated it last."""

    rule: str | None = Field(description="name of the alarm rule; null for a model")
    description: str
    probability: float
    threshold: float | None


class WarningAnswer(BaseModel):
    """A warning; times are plant time, except those that end in `_at` and those of shelving, which are wall-clock time."""

    model_config = ConfigDict(protected_namespaces=())

    id: int
    plant: str
    state: State
    kind: Kind
    horizon_hours: float = Field(description="nearest horizon above its threshold; 0: now")
    opened_horizon_hours: float = Field(description="horizon that opened it")
    crossed: CrossedThreshold
    since: datetime
    group_id: int = Field(
        description="id of the first of the warnings that it repeats; its own where it is the first"
    )
    repeat: int = Field(description="1: the first of its group, 2: its first repeat, and so on")
    first_since: datetime = Field(description="when the first of its group opened")
    opened_at: datetime
    peak: float = Field(description="highest score of its horizon; reset at each escalation")
    peak_time: datetime
    newest_time: datetime = Field(description="last row scored while it was open")
    outcome: Outcome | None = Field(
        description="of a model's warning; an event is an alarm rule met by sound values. `came_true`: it began "
        "within the horizon of the opening or of the last escalation; `early`: later; `late`: before the opening; "
        "`missed`: soon after it had cleared; `false`: it cleared and nothing came; `unknown`: it was closed as the plant or "
        "its past became another; null: an alarm rule's, an alarm in itself"
    )
    lead_hours: float | None = Field(
        description="from its opening until the event, where it `came_true` or was `early`"
    )
    missed_by_hours: float | None = Field(
        description="from its clearing until the event, where it was `missed`"
    )
    came_time: datetime | None = Field(description="when an alarm rule was first met while it was open")
    missed_time: datetime | None = Field(description="when one was met soon after it had cleared")
    escalated_time: datetime | None = Field(description="of its last escalation")
    stale_since: datetime | None = Field(
        description="held open since then, because its readings are stale or its forecasts are missing"
    )
    drivers: list[JsonValue] | None
    advice: list[JsonValue] | None = Field(description="recommendations on the newest row while it is open")
    missing: str = Field(description="why drivers or recommendations are null")
    model: str
    version: int
    prediction_ids: dict[str, str] = Field(
        description="prediction ids at opening, last escalation and peak, for /infer/lineage"
    )
    acknowledged_at: datetime | None = Field(description="reset to null by an escalation")
    acknowledged_by: str | None
    shelf: WarningShelf | None
    judgement: WarningVerdict | None
    cleared_time: datetime | None
    cleared_at: datetime | None


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


class WarningData(BaseModel):
    change: Action | Literal["advised"] = Field(
        description="`advised`: its recommendations changed; no entry in the timeline"
    )
    warning: WarningAnswer = Field(description="the warning after the change")


class WarningEvent(LiveEvent, frozen=True):
    """A warning has opened or changed."""

    event: Literal["warning"] = "warning"
    data: WarningData
