"""Shapes of /drift.

The judgement is the pipeline's drift report, as far as it is relied on.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serving.gateway.drops.schemas import RunState


class DriftSpan(BaseModel):
    """Rows from `first` to `last`, both included."""

    first: datetime
    last: datetime
    rows: int


class FindingAnswer(BaseModel):
    """A tag or score; null values were not compared."""

    name: str
    kind: Literal["tag", "score"]
    unit: str
    state: Literal["steady", "drift", "instrument", "too_few"] = Field(
        description="`instrument`: too many rows are excluded for their quality; `too_few`: the effective sample size is too small"
    )
    psi: float | None
    psi_limit: float
    ks: float | None
    ks_limit: float | None
    shift: float | None = Field(description="shift of the mean, in standard deviations of the training data")
    shift_limit: float | None
    rows: int
    untrusted: int = Field(description="rows excluded for their quality: frozen, stale, held or saturated")
    effective_rows: float | None = Field(description="effective sample size of the compared rows")
    seasons: list[Literal["day", "week"]]
    since: datetime | None = Field(description="newest row when the drift was first detected")
    shares: list[float] = Field(description="share of the recent rows in each bin; empty if not compared")
    reference_shares: list[float] = Field(description="share of the training rows in each bin")


class LabelAge(BaseModel):
    """Age of the training labels."""

    hours: float
    limit_hours: float


class RetrainingInfo(BaseModel):
    """Whether retraining is due, in plant time."""

    due: bool
    why: list[str]
    not_before: datetime = Field(description="earliest plant time of a retraining request")


class DriftJudgement(BaseModel):
    """The newest drift evaluation of a plant."""

    schema_: Literal[1] = Field(alias="schema", exclude=True)
    created: datetime
    model: str
    version: int
    trained: DriftSpan
    newest: datetime
    compared: DriftSpan | None
    note: str = Field(description="why nothing was compared; otherwise empty")
    false_alarms: float
    tags: list[FindingAnswer]
    scores: list[FindingAnswer]
    labels: LabelAge | None
    retraining: RetrainingInfo


class RequestedTraining(BaseModel):
    """The last training run requested by drift or old labels."""

    run: str
    status: RunState
    why: str
    rows_until: datetime = Field(description="the newest row when retraining was requested")
    started: datetime | None
    link: str = Field(description="URL of its Dagster page")


class DriftAnswer(BaseModel):
    """Drift of a plant from the training data of its serving model, and retraining."""

    plant: str
    judgement: DriftJudgement | None = Field(description="null: not evaluated yet")
    asked: RequestedTraining | None = Field(description="null: never requested, or Dagster does not respond")
    next_not_before: datetime | None = Field(description="earliest plant time of the next retraining request")
    missing: str = Field(description="what is unknown because a service does not respond; otherwise empty")
