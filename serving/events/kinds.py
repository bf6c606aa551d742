"""What kinds of events there are, and how one looks on the wire.

Belongs here: names, bytes, what all events have. Doesn't belong here: what a kind's data holds (`schemas.py` of
the domain that tells it; `serving/gateway/event_types.py` has all of them).
"""

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, Field

EventType = Literal["reading", "scores", "status", "warning", "run", "model"]
TYPES: tuple[EventType, ...] = get_args(EventType)


class LiveEvent(BaseModel, frozen=True):
    """What all events have; each kind names itself and the shape of its data."""

    event: str
    data: BaseModel


class GapData(BaseModel):
    after: int = Field(description="last id that the client received")
    newest: int = Field(description="newest id")


class GapEvent(LiveEvent, frozen=True):
    """Missed events are no longer stored: reload the state. It has no id."""

    event: Literal["gap"] = "gap"
    data: GapData


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event as clients get it, serialised once for all of them."""

    id: int
    type: str
    content: bytes

    @property
    def data(self) -> bytes:
        """The JSON document alone."""
        return self.content.split(b"\ndata: ", 1)[1].removesuffix(b"\n\n")


def message(number: int, kind: str, data: str) -> EventMessage:
    """An event's bytes; `data` is a JSON document in one line."""
    return EventMessage(number, kind, f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode())


def gap(after: int, newest: int) -> bytes:
    """Tells a client that it can't be given what it missed."""
    event = GapEvent(data=GapData(after=after, newest=newest))
    return f"event: {event.event}\ndata: {event.data.model_dump_json()}\n\n".encode()
