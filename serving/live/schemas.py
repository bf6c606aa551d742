"""Answers of the live service, as Pydantic models."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serving.live.outputs.status import OutputStatus


class SourceAnswer(BaseModel):
    """A source of readings."""

    name: str
    kind: str = Field(description="push, mqtt, sparkplug or opcua")
    plant: str | None = Field(description="null: of several plants")
    state: str = Field(description="`connected`, or a sentence why not")
    received: int = Field(description="records since the service began")
    refused: int
    last_received_at: datetime | None
    last_error: str
    lag_s: float | None = Field(description="how old the newest record was when it came; null: unknown")


class SourcesAnswer(BaseModel):
    sources: list[SourceAnswer]


class UnmappedAnswer(BaseModel):
    unmapped: dict[str, int] = Field(description="name → number of its records, the most frequent first")


class OutputsAnswer(BaseModel):
    outputs: list[OutputStatus]


class LiveHealth(BaseModel):
    """As InfluxDB answers, whose clients ask before they write."""

    name: str = "forewarn"
    status: Literal["pass"] = "pass"
    message: str = "ready for writes"
    instance: str = Field(description="process that answers, as in the header X-Served-By")


class LiveReadiness(BaseModel):
    ready: bool = True
    plants: dict[str, str] = Field(description="`scores`, or why a plant's rows aren't scored")
    sources: dict[str, str] = Field(description="`connected`, or why a source isn't")
