"""Warnings as clients see them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from serving.events.kinds import LiveEvent
from serving.warnings.outcomes import Outcome
from serving.warnings.tables import Action, Kind, Verdict

State = Literal["new", "acknowledged", "shelved", "cleared"]


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


class WarningData(BaseModel):
    change: Action | Literal["advised"] = Field(
        description="`advised`: its recommendations changed; no entry in the timeline"
    )
    warning: WarningAnswer = Field(description="the warning after the change")


class WarningEvent(LiveEvent, frozen=True):
    """A warning has opened or changed."""

    event: Literal["warning"] = "warning"
    data: WarningData
