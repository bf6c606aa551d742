"""Requests and answers of the push routes, as Pydantic models."""

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from serving.live.readings import IntakeReceipt, RecordQuality
from serving.web.openapi import ProblemDocument


class PushRow(BaseModel):
    """Values of one time. `POST /plants/{plant}/readings` takes one, an array, or `{"readings": [...]}`."""

    timestamp: str | float = Field(description="ISO 8601 with an offset, or milliseconds since 1970")
    values: dict[str, float | None] = Field(description="tag → value; null: no value")
    quality: dict[str, RecordQuality] = Field(
        default={}, description="tag → quality, good where it isn't stated"
    )
    unit: dict[str, str] = Field(default={}, description="tag → unit, the profile's where it isn't stated")


class PushRecord(BaseModel):
    """One value; may stand wherever a row may."""

    timestamp: str | float = Field(description="ISO 8601 with an offset, or milliseconds since 1970")
    tag: str
    value: float | None
    quality: RecordQuality = "good"
    unit: str = Field(default="", description="the profile's where it isn't stated")


class PushDocument(BaseModel):
    """What a body holds."""

    readings: list[PushRow | PushRecord]


class RefusedRecord(BaseModel):
    place: str = Field(description="where it stands in the body")
    reason: str = Field(description="what was got there")
    expected: str


class PushReceipt(BaseModel):
    """What became of the records of a body. What is stored is on the disk."""

    stored: int
    repeated: int = Field(description="records that were there already, with the same value")
    corrected: int = Field(
        description="records with another value than the one that was there; both are kept"
    )
    late: int = Field(description="those, among the above, of an interval that was scored before")
    refused: Annotated[list[RefusedRecord], Field(description="the first 100 that weren't taken")]
    n_refused: int = Field(description="all that weren't taken")
    unmapped: dict[str, int] = Field(description="name that is no tag of the plant → how many records had it")


class InfluxProblem(ProblemDocument):
    """A problem document with what InfluxDB's clients read: `code` and `message` (version 2) or `error` (version 1)."""

    code: str = ""
    message: str = ""
    error: str = ""
    line: int | None = Field(default=None, description="the first line that was refused")


def receipt_answer(receipt: IntakeReceipt) -> dict[str, JsonValue]:
    """The document of a receipt."""
    return {
        "stored": receipt.stored,
        "repeated": receipt.repeated,
        "corrected": receipt.corrected,
        "late": receipt.late,
        "refused": [refused._asdict() for refused in receipt.refused],
        "n_refused": receipt.n_refused,
        "unmapped": {**receipt.unmapped},
    }
