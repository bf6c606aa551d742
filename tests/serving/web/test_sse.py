"""What simple clients make of the lines that are no event."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse
from sse_starlette import EventSourceResponse

from serving.events.kinds import message
from serving.web.sse import HeartbeatEvent, comment

pytestmark = pytest.mark.anyio


async def events_of(response: EventSourceResponse) -> list[ServerSentEvent]:
    """All events that httpx-sse finds in a whole stream, empty ones too."""
    transport = httpx.ASGITransport(response)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
        aconnect_sse(client, "GET", "/") as stream,
    ):
        return [event async for event in stream.aiter_sse()]


async def test_heartbeats_and_comments_are_no_events() -> None:
    beaten = asyncio.Event()

    class Counted(HeartbeatEvent):
        count = 0

        def encode(self) -> bytes:
            Counted.count += 1
            if Counted.count == 3:
                beaten.set()
            return super().encode()

    async def body() -> AsyncIterator[bytes]:
        yield b"retry: 2000\n"
        yield comment("hello")
        yield message(1, "reading", "{}").content
        await asyncio.wait_for(beaten.wait(), 20)
        yield message(2, "reading", "{}").content
        yield comment("the gateway is shutting down")

    found = await events_of(EventSourceResponse(body(), ping=0.01, ping_message_factory=Counted, sep="\n"))
    assert [(event.id, event.data, event.retry) for event in found] == [("1", "{}", 2000), ("2", "{}", None)]
