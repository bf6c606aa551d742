"""One event to many clients: a bounded queue each, and no waiting for the slow.

Belongs here: who gets what, in which order. Doesn't belong here: where events come from (`tail.py`), a
client's stream (`stream.py`).
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from serving.gateway.events.kinds import Message
from serving.gateway.events.metrics import CLIENTS

MOST_CLIENTS = 2000
LONGEST_QUEUE = 512
"""Events that a client may be behind before it is dropped."""


class FullError(RuntimeError):
    """As many clients listen as are served."""


class Subscription:
    """One client's place.

    Args:
        types: of events that the client wants.
        begins_after: the last event before this place; the first one that arrives here follows it.
    """

    def __init__(self, types: Collection[str], begins_after: int) -> None:
        self.types = frozenset(types)
        self.begins_after = begins_after
        self.is_too_slow = False
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._open = True

    def put(self, event: bytes) -> None:
        """Add an event; a client that is too far behind loses its place, and may resume."""
        if len(self._queue) >= LONGEST_QUEUE:
            self.is_too_slow = True
            self.close()
            return
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the client's stream; what it has not been sent is dropped."""
        self._open = False
        self._queue.clear()
        self._wake.set()

    async def gathered(self, wait_s: float) -> bytes | None:
        """All events that have come, in one piece; empty if none came in time, None at the end."""
        if not self._wake.is_set():
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                return b""
        self._wake.clear()
        events = b"".join(self._queue)
        self._queue.clear()
        return events if self._open else None

    @property
    def open(self) -> bool:
        return self._open


class Hub:
    """Who listens, and up to which event they have been told."""

    def __init__(self, most_clients: int = MOST_CLIENTS) -> None:
        self._most = most_clients
        self._clients: set[Subscription] = set()
        self.newest = 0

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, events: Sequence[Message]) -> None:
        """Tell everybody of the next events."""
        for event in events:
            for client in self._clients:
                if client.open and event.type in client.types:
                    client.put(event.content)
        self.newest = events[-1].id

    def check_room(self) -> None:
        """Refuse one client too many, before it is answered.

        Raises:
            FullError: there is no place left.
        """
        if len(self._clients) >= self._most:
            raise FullError(f"{self._most} clients listen already")

    @contextmanager
    def subscribed(self, types: Collection[str]) -> Iterator[Subscription]:
        """A client's place from now on.

        Raises:
            FullError: there is none left.
        """
        self.check_room()
        client = Subscription(types, self.newest)
        self._clients.add(client)
        CLIENTS.inc()
        try:
            yield client
        finally:
            self._clients.discard(client)
            CLIENTS.dec()

    def close(self) -> None:
        """End all streams."""
        for client in self._clients:
            client.close()
