"""One event to many clients: serialised once, a bounded queue each, and no waiting for the slow.

Belongs here: who gets what, in which order. Doesn't belong here: what an event says.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

MOST_CLIENTS = 2000
LONGEST_QUEUE = 256
"""Events that a client may be behind before it is dropped."""


class FullError(RuntimeError):
    """As many clients listen as are served."""


class Subscription:
    """One client's events, until it is too slow or the service ends."""

    def __init__(self) -> None:
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.open = True

    def put(self, event: bytes) -> None:
        """Add an event; a client that is too far behind is dropped, and may resume by the last id it got."""
        if len(self._queue) >= LONGEST_QUEUE:
            self.close()
            return
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        self.open = False
        self._wake.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Events as they come, those that have gathered in one piece."""
        while self.open:
            await self._wake.wait()
            self._wake.clear()
            if self.open and self._queue:
                gathered = b"".join(self._queue)
                self._queue.clear()
                yield gathered


class Broadcast:
    """Who listens."""

    def __init__(self, most_clients: int = MOST_CLIENTS) -> None:
        self._most = most_clients
        self._clients: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, event: bytes) -> None:
        for client in self._clients:
            client.put(event)
        self._clients = {client for client in self._clients if client.open}

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """A client's place from now on.

        Raises:
            FullError: there is none left.
        """
        self.check_room()
        client = Subscription()
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    def check_room(self) -> None:
        """Refuse one client too many, before it is answered.

        Raises:
            FullError: there is no place left.
        """
        if len(self._clients) >= self._most:
            raise FullError(f"{self._most} clients listen already")

    def close(self) -> None:
        """End all streams."""
        for client in self._clients:
            client.close()
