"""Which clients want which events, and up to where they have been told.

Belongs here: the types that a client wants. Doesn't belong here: where events come from (`tail.py`), a
client's stream (`stream.py`), queues (`serving/web/broadcast.py`).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from serving.events.kinds import EventMessage
from serving.gateway.metrics import EVENT_CLIENTS
from serving.web.broadcast import StreamBroadcast, StreamSubscription
from serving.web.parts import part


class EventListener(StreamSubscription):
    """One client's place.

    Args:
        types: of events that the client wants.
        begins_after: the last event before this place; the first one that arrives here follows it.
    """

    def __init__(self, types: Collection[str], begins_after: int) -> None:
        super().__init__()
        self.types = frozenset(types)
        self.begins_after = begins_after


class EventHub(StreamBroadcast[EventListener]):
    """Who listens, and up to which event they have been told."""

    newest = 0

    def tell(self, events: Sequence[EventMessage]) -> None:
        """Tell everybody of the next events."""
        for event in events:
            for client in self:
                if event.type in client.types:
                    client.put(event.content)
        self.newest = events[-1].id

    @contextmanager
    def subscribe(self, types: Collection[str]) -> Iterator[EventListener]:
        """A client's place from now on; refuses as `check_room`."""
        with self.join_place(EventListener(types, self.newest)) as client, EVENT_CLIENTS.track_inprogress():
            yield client


EventHubDep = Annotated[EventHub, part("hub")]
