"""Messages on their way between the MQTT client's thread and the event loop.

Belongs here: their shapes, and a buffer between the two that is bounded. Doesn't belong here: the client
(`connection.py`).
"""

import threading
from collections.abc import Callable
from typing import NamedTuple


class ArrivedMessage(NamedTuple):
    """A message as the broker gave it.

    Attributes:
        mid: the broker's number of it, for its acknowledgement.
        size: of its payload in bytes, which is left out where it is too large.
        arrived_us: when, in microseconds since 1970.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    size: int
    arrived_us: int


class OutgoingMessage(NamedTuple):
    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 1


class ArrivalBuffer:
    """What has arrived and was not fetched; whoever adds to a full one waits, so that the broker waits too.

    Args:
        wake: called in the adding thread where something came into an empty buffer.
        most: messages that it holds.
        most_bytes: of their payloads, which the first message alone may exceed.
    """

    def __init__(self, wake: Callable[[], None], most: int, most_bytes: int) -> None:
        self._wake = wake
        self._most = most
        self._most_bytes = most_bytes
        self._held: list[ArrivedMessage] = []
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def add(self, message: ArrivedMessage) -> None:
        """Hold a message, once there is room."""
        size = len(message.payload)
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room(size))
            if self._is_closed:
                return
            is_first = not self._held
            self._held.append(message)
            self._bytes += size
        if is_first:
            self._wake()

    def take(self) -> list[ArrivedMessage]:
        """All of it, in the order of arrival."""
        with self._changed:
            taken, self._held, self._bytes = self._held, [], 0
            self._changed.notify_all()
        return taken

    def close(self) -> None:
        """Hold nothing more: whoever waits goes on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        return not self._held or (len(self._held) < self._most and self._bytes + size <= self._most_bytes)
