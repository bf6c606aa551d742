"""Shapes of /drops, /quarantine and /runs.

Belongs here: what clients send and get. Doesn't belong here: what Dagster answers (`dagster.py`).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from serving.gateway.drops.tables import State

RunState = Literal["waiting", "running", "done", "failed", "canceled"]
StepState = Literal["waiting", "running", "done", "failed", "skipped"]


class DroppedFile(BaseModel):
    """A dropped file, and what became of it."""

    id: int
    plant: str
    file: str
    size: int = Field(description="bytes")
    state: State = Field(
        description="superseded: it was changed or removed before it was read; running: a run takes it in"
    )
    rows: int | None = Field(
        description="records or periods that were read; null: not read yet, or not at all"
    )
    reason: str = Field(description="what there is to know of the state, in a sentence; often empty")
    drop: str = Field(description="name of the drop, as its run has it; empty: no run was requested yet")
    attempt: int
    has_report: bool = Field(description="whether /quarantine/{id} tells why it was refused")
    first_seen: datetime
    changed_at: datetime


class DropsAnswer(BaseModel):
    """Dropped files, the newest first."""

    drops: list[DroppedFile]
    upload_most_bytes: int
    extensions: list[str]


class UploadedFile(BaseModel):
    """A file that lies in the drop folder now."""

    plant: str
    file: str
    size: int
    sha256: str


class RefusedFile(BaseModel):
    """Why a file was refused, as the pipeline wrote it."""

    file: Annotated[str, Field(max_length=1000)]
    plant: str
    sha256: str
    kept_as: str
    refused_at: datetime
    code: str = Field(description="stable code, as in the documentation of refusals")
    message: str
    place: str | None = Field(description="sheet, row and column; null: the whole file")
    expected: str


class RunInfo(BaseModel):
    """A run of the pipeline."""

    id: str
    plant: str
    job: str
    status: RunState
    drop: str = Field(description="name of the drop that it takes in; empty: none")
    started: datetime | None
    ended: datetime | None
    steps_done: int
    steps_failed: int
    steps_total: int | None
    link: str = Field(description="its page of Dagster")


class RunsAnswer(BaseModel):
    """Runs of a plant, the newest first."""

    runs: list[RunInfo]


class StepInfo(BaseModel):
    """A step of a run; steps that haven't begun have no times."""

    key: str
    name: str = Field(description="the asset that it makes, or the check, without the plant")
    state: StepState
    started: datetime | None
    ended: datetime | None


class CheckInfo(BaseModel):
    """A check of the data, and what it found."""

    name: str
    asset: str
    passed: bool
    severity: Literal["WARN", "ERROR"] = Field(description="ERROR: nothing goes on")
    description: str
    at: datetime


class RunAnswer(RunInfo):
    """A run with its steps, in the order in which they run, and its checks."""

    steps: list[StepInfo]
    checks: list[CheckInfo]
