"""What kinds of events there are, and how one looks on the wire.

Belongs here: names and bytes. Doesn't belong here: what an event's data holds (the domain that tells it).
"""

from dataclasses import dataclass
from typing import Literal, get_args

EventType = Literal["reading", "scores", "status", "warning", "run", "model"]
TYPES: tuple[EventType, ...] = get_args(EventType)


@dataclass(frozen=True, slots=True)
class Message:
    """An event as clients get it, serialised once for all of them."""

    id: int
    type: str
    content: bytes


def message(number: int, kind: str, data: str) -> Message:
    """An event's bytes.

    Args:
        number: its id.
        kind: its type.
        data: a JSON document in one line.
    """
    return Message(number, kind, f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode())


def gap(after: int, newest: int) -> bytes:
    """Tells a client that it can't be given what it missed; it has no id, as nothing can follow it."""
    return f'event: gap\ndata: {{"after": {after}, "newest": {newest}}}\n\n'.encode()
