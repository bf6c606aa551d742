"""Fan-out: filters, bounds, and clients that don't keep up."""

import asyncio

import pytest

from serving.errors import TooManyClients
from serving.events.kinds import message
from serving.gateway.events.hub import EventHub
from serving.web import broadcast as module

pytestmark = pytest.mark.anyio


def status(number: int):
    return message(number, "status", "{}")


async def test_each_gets_its_types_in_order_and_gathered() -> None:
    hub = EventHub()
    with hub.subscribe(["status"]) as some, hub.subscribe(["status", "run"]) as all_:
        events = [status(1), message(2, "run", "{}"), status(3)]
        hub.tell(events)
        assert await some.gather(1) == events[0].content + events[2].content
        assert await all_.gather(1) == b"".join(e.content for e in events)
        assert await some.gather(0) == b""
    assert (hub.newest, len(hub)) == (3, 0)


async def test_a_place_begins_after_what_was_told() -> None:
    hub = EventHub()
    hub.tell([status(1)])
    with hub.subscribe(["status"]) as client:
        assert client.begins_after == 1
        hub.tell([status(2)])
        assert await client.gather(1) == status(2).content


async def test_a_slow_client_is_dropped_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)
    hub = EventHub()
    with hub.subscribe(["status"]) as slow, hub.subscribe(["status"]) as quick:
        for n in range(1, 6):
            hub.tell([status(n)])
            assert await quick.gather(1) == status(n).content
        assert (slow.is_too_slow, slow.open) == (True, False)
        assert await slow.gather(1) is None
        assert (quick.is_too_slow, quick.open) == (False, True)


async def test_one_client_too_many_is_refused() -> None:
    hub = EventHub(most_clients=1)
    with hub.subscribe([]), pytest.raises(TooManyClients, match="1 clients are connected already"):
        hub.check_room()
    hub.check_room()


async def test_the_end_wakes_everybody() -> None:
    hub = EventHub()
    with hub.subscribe(["status"]) as client:
        waiting = asyncio.create_task(client.gather(60))
        await asyncio.sleep(0)
        hub.close()
        assert await waiting is None
        assert not client.is_too_slow
