"""Events reach everybody in order; whoever is too slow, or one too many, doesn't hold up the others."""

import asyncio

import pytest

from serving.errors import TooManyClients
from serving.web.broadcast import LONGEST_QUEUE, MOST_AT_ONCE, StreamBroadcast, StreamSubscription

pytestmark = pytest.mark.anyio
Hub = StreamBroadcast[StreamSubscription]


async def test_each_client_gets_every_event_in_order():
    hub = Hub()
    with hub.join_place(StreamSubscription()) as a, hub.join_place(StreamSubscription()) as b:
        hub.publish(b"1")
        assert [await client.gather() for client in (a, b)] == [b"1", b"1"]
        hub.publish(b"2")
        hub.publish(b"3")
        assert [await client.gather() for client in (a, b)] == [b"23", b"23"]
        assert await a.gather(0) == b""


async def test_a_client_waits_until_something_comes():
    hub = Hub()
    with hub.join_place(StreamSubscription()) as client:
        waiting = asyncio.create_task(client.gather())
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish(b"1")
        assert await waiting == b"1"


async def test_what_is_on_its_way_to_a_client_is_bounded():
    hub = Hub()
    with hub.join_place(StreamSubscription()) as client:
        for _ in range(2 * MOST_AT_ONCE + 1):
            hub.publish(b"x")
        pieces = [await client.gather(0) for _ in range(4)]
        assert [len(piece or b"") for piece in pieces] == [MOST_AT_ONCE, MOST_AT_ONCE, 1, 0]


async def test_a_slow_client_is_dropped_and_the_others_go_on():
    hub = Hub()
    with hub.join_place(StreamSubscription()) as slow, hub.join_place(StreamSubscription()) as quick:
        for i in range(LONGEST_QUEUE + 1):
            hub.publish(b"%d" % i)
            assert await quick.gather() == b"%d" % i
        assert (slow.is_too_slow, list(hub)) == (True, [quick])
        assert await slow.gather() is None


async def test_one_client_too_many_is_refused_until_one_leaves():
    hub = Hub(most_clients=1)
    with (
        hub.join_place(StreamSubscription()),
        pytest.raises(TooManyClients, match="1 clients are connected already"),
        hub.join_place(StreamSubscription()),
    ):
        pass
    with hub.join_place(StreamSubscription()):
        assert len(hub) == 1


async def test_closing_ends_all_streams():
    hub = Hub()
    with hub.join_place(StreamSubscription()) as client:
        waiting = asyncio.create_task(client.gather())
        await asyncio.sleep(0)
        hub.close()
        assert await waiting is None
        assert not client.is_too_slow
