"""Events reach everybody in order; whoever is too slow, or one too many, doesn't hold up the others."""

import asyncio

import pytest

from serving.sensors.broadcast import LONGEST_QUEUE, Broadcast, FullError

pytestmark = pytest.mark.anyio


async def test_each_client_gets_every_event_in_order():
    hub = Broadcast()
    with hub.subscribed() as a, hub.subscribed() as b:
        streams = a.events(), b.events()
        hub.publish(b"1")
        assert [await anext(s) for s in streams] == [b"1", b"1"]
        hub.publish(b"2")
        hub.publish(b"3")
        assert [await anext(s) for s in streams] == [b"23", b"23"]


async def test_a_client_waits_until_something_comes():
    hub = Broadcast()
    with hub.subscribed() as client:
        waiting = asyncio.create_task(anext(client.events()))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish(b"1")
        assert await waiting == b"1"


async def test_a_slow_client_is_dropped_and_the_others_go_on():
    hub = Broadcast()
    with hub.subscribed() as slow, hub.subscribed() as quick:
        got = quick.events()
        for i in range(LONGEST_QUEUE + 1):
            hub.publish(b"%d" % i)
            assert await anext(got) == b"%d" % i
        assert not slow.open
        assert len(hub) == 1
        with pytest.raises(StopAsyncIteration):
            await anext(slow.events())


async def test_one_client_too_many_is_refused_until_one_leaves():
    hub = Broadcast(most_clients=1)
    with hub.subscribed(), pytest.raises(FullError, match="1 clients listen already"), hub.subscribed():
        pass
    with hub.subscribed():
        assert len(hub) == 1


async def test_closing_ends_all_streams():
    hub = Broadcast()
    with hub.subscribed() as client:
        waiting = asyncio.create_task(anext(client.events(), None))
        await asyncio.sleep(0)
        hub.close()
        assert await waiting is None
