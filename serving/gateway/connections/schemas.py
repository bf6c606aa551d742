"""What clients get of the live service's sources and outputs."""

from datetime import datetime

from pydantic import BaseModel, Field

from serving.gateway.upstream import Finite


class SourceState(BaseModel):
    """A source of readings."""

    name: str
    kind: str = Field(description="push, mqtt, sparkplug or opcua")
    plant: str | None = Field(default=None, description="null: any")
    state: str = Field(description="`connected`, or a sentence why not")
    received: int = Field(default=0, description="records since its start")
    refused: int = 0
    last_received_at: datetime | None = None
    last_error: str | None = None
    lag_s: Finite | None = Field(
        default=None, description="from a reading's time to its storage; null: unknown"
    )


class OutputState(BaseModel):
    """An output of scores and warnings."""

    name: str
    kind: str
    target: str = Field(default="", description="where it delivers to, without secrets")
    state: str = Field(description="`delivering`, or a sentence why not")
    depth: int = Field(default=0, description="events that wait in the outbox")
    delivered: int = Field(default=0, description="since the service's start")
    lost: int = Field(default=0, description="deleted before they could be delivered")
    refused: int = Field(default=0, description="refused for good by the target")
    last_error: str | None = None
    last_delivered_at: datetime | None = None


class SourcesList(BaseModel):
    sources: list[SourceState]


class OutputsList(BaseModel):
    outputs: list[OutputState]


class UnmappedNames(BaseModel):
    unmapped: dict[str, int]


class ConnectionsAnswer(BaseModel):
    sources: list[SourceState]
    outputs: list[OutputState]
    unmapped: dict[str, dict[str, int]] = Field(
        description="by plant: names that no tag goes by, with the number of their records"
    )
    fault: str = Field(description="why the live service's state is unknown or incomplete; otherwise empty")
