"""Shapes of /drift.

Belongs here: what clients get, which is the pipeline's drift report as far as it is relied on. Doesn't belong here:
where it lies (`service.py`).
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.gateway.drops.schemas import RunState


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore")


class DriftSpan(_Read):
    """Rows from `first` to `last`, both included."""

    first: datetime
    last: datetime
    rows: int


class FindingAnswer(_Read):
    """A tag or score; what is null was not compared."""

    name: str
    kind: Literal["tag", "score"]
    unit: str
    state: Literal["steady", "drift", "instrument", "too_few"] = Field(
        description="`instrument`: too few rows can be trusted; `too_few`: too few rows, or they hang together too much"
    )
    psi: float | None
    psi_limit: float
    ks: float | None
    ks_limit: float | None
    shift: float | None = Field(
        description="distance of the means, in standard deviations of what was learned"
    )
    shift_limit: float | None
    rows: int
    untrusted: int = Field(description="compared rows that don't count, because of their instrument")
    effective_rows: float | None = Field(description="independent rows that the compared ones are worth")
    seasons: list[Literal["day", "week"]]
    since: datetime | None = Field(description="newest row when the drift was seen first")
    shares: list[float] = Field(description="of the newest rows, a bin; empty where nothing was compared")
    reference_shares: list[float] = Field(description="of the rows learned from, in the same bins")


class LabelAge(_Read):
    """How old the labels are that the model learned from."""

    hours: float
    limit_hours: float


class RetrainingInfo(_Read):
    """Whether a training is due, in the plant's time."""

    due: bool
    why: list[str]
    not_before: datetime = Field(description="earliest plant time at which retraining may be requested")


class DriftJudgement(_Read):
    """The newest judgement of a plant."""

    schema_: Literal[1] = Field(alias="schema", exclude=True)
    created: datetime
    model: str
    version: int
    trained: DriftSpan
    newest: datetime
    compared: DriftSpan | None
    note: str = Field(description="why nothing was compared; else empty")
    false_alarms: float
    tags: list[FindingAnswer]
    scores: list[FindingAnswer]
    labels: LabelAge | None
    retraining: RetrainingInfo


class RequestedTraining(BaseModel):
    """The last run that drift or old labels asked for."""

    run: str
    status: RunState
    why: str
    rows_until: datetime = Field(description="the newest row when retraining was requested")
    started: datetime | None
    link: str = Field(description="its page of Dagster")


class DriftAnswer(BaseModel):
    """How far a plant lies from what its answering model learned, and what follows."""

    plant: str
    judgement: DriftJudgement | None = Field(description="null: never judged yet")
    asked: RequestedTraining | None = Field(description="null: never requested, or Dagster can't be reached")
    next_not_before: datetime | None = Field(
        description="earliest plant time at which retraining may be requested next"
    )
    missing: str = Field(description="what isn't known because a service doesn't answer; else empty")
