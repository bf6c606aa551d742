"""One event to many clients: serialised once, a bounded queue each, and no waiting for the slow.

Belongs here: who gets what, in which order. Doesn't belong here: what an event says, where it comes from.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from serving.errors import TooManyClients

MOST_CLIENTS = 2000
LONGEST_QUEUE = 512
"""Events that a client may be behind before it is dropped."""
MOST_AT_ONCE = 50
"""Events in one piece: queues share their events, but a piece on its way is a client's own."""


class StreamSubscription:
    """One client's events, until it is too slow or the service ends."""

    def __init__(self) -> None:
        self.open = True
        self.is_too_slow = False
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def put(self, event: bytes) -> None:
        """Add an event; a client that is too far behind loses its place, and may resume by the last id it got."""
        if len(self._queue) >= LONGEST_QUEUE:
            self.is_too_slow = True
            self.close()
            return
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the client's stream; what it has not been sent is dropped."""
        self.open = False
        self._queue.clear()
        self._wake.set()

    async def gather(self, wait_s: float | None = None) -> bytes | None:
        """Events that have come, in one piece; empty if none came in time, None at the end.

        Without `wait_s` it waits until something happens.
        """
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return b""
        if not self.open:
            return None
        piece = b"".join(self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE)))
        if not self._queue:
            self._wake.clear()
        return piece


Place = TypeVar("Place", bound=StreamSubscription)


class StreamBroadcast(Generic[Place]):
    """Who listens."""

    def __init__(self, most_clients: int = MOST_CLIENTS) -> None:
        self._most = most_clients
        self._clients: set[Place] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Place]:
        """Those that keep up."""
        return (client for client in self._clients if client.open)

    def publish(self, event: bytes) -> None:
        for client in self:
            client.put(event)

    @contextmanager
    def join_place(self, client: Place) -> Iterator[Place]:
        """Keep a client's place; refuses as `check_room`."""
        self.check_room()
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    def check_room(self) -> None:
        """Refuse one client too many, before it is answered.

        Raises:
            TooManyClients: there is no place left.
        """
        if len(self._clients) >= self._most:
            raise TooManyClients(f"{self._most} clients are connected already")

    def close(self) -> None:
        """End all streams."""
        for client in self._clients:
            client.close()
