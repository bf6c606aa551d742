"""Shapes of /drops, /quarantine and /runs."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from serving.gateway.drops.tables import State

RunState = Literal["waiting", "running", "done", "failed", "canceled"]
StepState = Literal["waiting", "running", "done", "failed", "skipped"]


class DroppedFile(BaseModel):
    """A dropped file and its state."""

    id: int
    plant: str
    file: str
    size: int = Field(description="bytes")
    state: State = Field(
        description="running: a run is ingesting it; superseded: changed or removed before it was read"
    )
    rows: int | None = Field(description="records or periods read; null: not read")
    reason: str = Field(description="a sentence on the state; may be empty")
    drop: str = Field(description="drop name, as in its run; empty: no run requested yet")
    attempt: int
    has_report: bool = Field(description="whether /quarantine/{id} gives the reason for its refusal")
    first_seen: datetime
    changed_at: datetime


class DropsAnswer(BaseModel):
    """Dropped files, the newest first."""

    drops: list[DroppedFile]
    upload_most_bytes: int
    extensions: list[str]


class UploadedFile(BaseModel):
    """A file in the drop folder."""

    plant: str
    file: str
    size: int
    sha256: str


class TagPreview(BaseModel):
    """What a file holds of one tag; `min` to `last` are of its kept records, null without any."""

    records: int = Field(description="kept")
    uncertain: int = Field(description="kept, of uncertain quality")
    bad: int = Field(description="left out: of bad quality")
    missing: int = Field(description="cells without a value")
    dropped: int = Field(description="left out: out of range, infinite, or codes for no value")
    min: float | None
    max: float | None
    first: datetime | None
    last: datetime | None


class PreviewRefusal(BaseModel):
    """Why a file would be refused."""

    code: str = Field(description="stable error code; see docs/ingest.md")
    message: str
    place: str | None = Field(description="sheet, row and column; null: the whole file")
    expected: str


class PreviewedFile(BaseModel):
    """What a file would mean as a drop; of a refused one only `file` and `refused` are set."""

    file: str
    format: str | None
    layout: Literal["wide", "long", "per_tag", "periods"] | None = Field(
        description="a column a tag, a row a value, times for each tag, or an operator log"
    )
    zone: str | None = Field(description="of times without an offset; null: all have one")
    first: datetime | None
    last: datetime | None
    tags: dict[str, TagPreview]
    periods: int = Field(description="operator periods")
    labels: list[str] = Field(description="columns of labels")
    unread: list[str] = Field(description="columns that are not read")
    guesses: list[str] = Field(description="what the file leaves open, and how it is read")
    notes: list[str] = Field(description="what is left out")
    refused: PreviewRefusal | None


class RefusedFile(BaseModel):
    """The reason for a file's refusal, as the pipeline reports it."""

    file: Annotated[str, Field(max_length=1000)]
    plant: str
    sha256: str
    kept_as: str
    refused_at: datetime
    code: str = Field(description="stable error code; see docs/ingest.md")
    message: str
    place: str | None = Field(description="sheet, row and column; null: the whole file")
    expected: str


class RunInfo(BaseModel):
    """A pipeline run."""

    id: str
    plant: str
    job: str
    status: RunState
    drop: str = Field(description="name of the drop that it ingests; empty: none")
    started: datetime | None
    ended: datetime | None
    steps_done: int
    steps_failed: int
    steps_total: int | None
    link: str = Field(description="URL of its Dagster page")


class RunsAnswer(BaseModel):
    """Runs of a plant, the newest first."""

    runs: list[RunInfo]


class StepInfo(BaseModel):
    """A step of a run; times are null before it starts."""

    key: str
    name: str = Field(description="asset or check, without the plant's prefix")
    state: StepState
    started: datetime | None
    ended: datetime | None


class CheckInfo(BaseModel):
    """A data check and its result."""

    name: str
    asset: str
    passed: bool
    severity: Literal["WARN", "ERROR"] = Field(description="ERROR: blocks the run")
    description: str
    at: datetime


class RunAnswer(RunInfo):
    """A run with its steps, in the order in which they run, and its checks."""

    steps: list[StepInfo]
    checks: list[CheckInfo]
