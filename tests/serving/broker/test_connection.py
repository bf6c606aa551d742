"""A connection against a real Mosquitto: what arrives, what is acknowledged, what is refused, what a loss does."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault, BrokerRefusal
from serving.broker.messages import ArrivalBuffer, ArrivedMessage, OutgoingMessage
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.services, pytest.mark.anyio]
WITHIN_S = 20


@asynccontextmanager
async def opened(server: MosquittoServer, client_id: str = "", **options) -> AsyncIterator[BrokerConnection]:
    address = BrokerAddress("127.0.0.1", server.port)
    connection = BrokerConnection(address, client_id, **options)
    try:
        await connection.open()
        yield connection
    finally:
        await connection.close()


async def fetch_payloads(connection: BrokerConnection, number: int) -> list[ArrivedMessage]:
    found: list[ArrivedMessage] = []
    while len(found) < number:
        arrived = await connection.fetch(WITHIN_S)
        assert arrived, f"{len(found)} of {number} messages came"
        found += arrived
    return found


async def publish_numbers(server: MosquittoServer, topic: str, numbers: range) -> None:
    async with opened(server) as publisher:
        await publisher.publish([OutgoingMessage(topic, str(n).encode()) for n in numbers])


async def test_what_is_not_acknowledged_comes_again_and_only_that(mosquitto: MosquittoServer) -> None:
    topic, session = f"t/{uuid4()}", str(uuid4())
    async with opened(mosquitto, session, session_s=600) as first:
        assert await first.subscribe([topic]) == {}
        await publish_numbers(mosquitto, topic, range(5))
        arrived = await fetch_payloads(first, 5)
        first.acknowledge([arrived[0], arrived[2]])
        # What was acknowledged has reached the broker once it answers something asked later.
        await first.subscribe([f"{topic}/other"])
    async with opened(mosquitto, session, session_s=600) as second:
        await publish_numbers(mosquitto, topic, range(5, 7))
        again = await fetch_payloads(second, 5)
        first.acknowledge(arrived)  # of the old connection: reaches nobody
        assert [message.payload for message in again] == [b"1", b"3", b"4", b"5", b"6"]
        second.acknowledge(again)
        await second.subscribe([f"{topic}/other"])
    async with opened(mosquitto, session, session_s=600) as third:
        assert await third.fetch(0.2) == []


async def test_what_waits_for_its_acknowledgement_is_bounded(
    mosquitto: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.broker.connection.RECEIVE_MAXIMUM", 10)
    topic = f"t/{uuid4()}"
    async with opened(mosquitto, str(uuid4()), session_s=600) as reader:
        await reader.subscribe([topic])
        await publish_numbers(mosquitto, topic, range(25))
        first = await fetch_payloads(reader, 10)
        await reader.subscribe(
            [f"{topic}/other"]
        )  # whatever else it would have given comes before its answer
        assert await reader.fetch(0.05) == []
        reader.acknowledge(first)
        rest = await fetch_payloads(reader, 15)
        assert [int(m.payload) for m in [*first, *rest]] == list(range(25))


async def test_a_payload_that_is_too_large_arrives_without_it(mosquitto: MosquittoServer) -> None:
    topic = f"t/{uuid4()}"
    async with opened(mosquitto, largest=1000) as reader:
        await reader.subscribe([topic])
        async with opened(mosquitto) as publisher:
            await publisher.publish([OutgoingMessage(topic, b"x" * 10_000_000), OutgoingMessage(topic, b"y")])
        large, small = await fetch_payloads(reader, 2)
        assert (large.payload, large.size) == (b"", 10_000_000)
        assert (small.payload, small.size) == (b"y", 1)


async def test_retained_messages_reach_who_comes_later(mosquitto: MosquittoServer) -> None:
    topic = f"t/{uuid4()}"
    async with opened(mosquitto) as publisher:
        await publisher.publish([OutgoingMessage(topic, b"old", True), OutgoingMessage(topic, b"new", True)])
    async with opened(mosquitto) as reader:
        await reader.subscribe([topic])
        assert [m.payload for m in await fetch_payloads(reader, 1)] == [b"new"]


async def test_a_loss_is_told_to_who_waits(own_mosquitto: MosquittoServer) -> None:
    async with opened(own_mosquitto) as connection:
        waiting = asyncio.create_task(connection.wait_lost())
        own_mosquitto.end(signal.SIGKILL)
        with pytest.raises(BrokerFault, match="connection is lost"):
            await asyncio.wait_for(waiting, WITHIN_S)
        with pytest.raises(BrokerFault, match="connection is lost"):
            await connection.publish([OutgoingMessage("t", b"1")])
        with pytest.raises(BrokerFault, match="connection is lost"):
            await connection.subscribe(["t"])


async def test_a_broker_that_is_away_is_told_with_its_address() -> None:
    connection = BrokerConnection(BrokerAddress("127.0.0.1", 9, user="live", password="hidden"))
    with pytest.raises(BrokerFault, match=r"mqtt://live@127.0.0.1:9 can't be reached: .*refused") as fault:
        await connection.open()
    assert "hidden" not in str(fault.value)
    await connection.close()


async def test_a_wrong_login_is_told(strict_mosquitto: MosquittoServer) -> None:
    wrong = BrokerAddress("127.0.0.1", strict_mosquitto.port, "admin", "wrong")
    connection = BrokerConnection(wrong)
    with pytest.raises(BrokerRefusal, match="refuses the login: Not authorized") as refusal:
        await connection.open()
    assert "wrong" not in str(refusal.value)
    await connection.close()


async def test_what_a_user_may_not_do_is_told_by_its_topic(strict_mosquitto: MosquittoServer) -> None:
    connection = BrokerConnection(
        BrokerAddress("127.0.0.1", strict_mosquitto.port, "guest", "guest-password")
    )
    await connection.open()
    try:
        assert await connection.subscribe(["forewarn/demo/readings"]) == {
            "forewarn/demo/readings": "Not authorized"
        }
        with pytest.raises(BrokerRefusal, match="refuses messages of forewarn/demo/scores: Not authorized"):
            await connection.publish([OutgoingMessage("forewarn/demo/scores", b"1")])
    finally:
        await connection.close()


def test_who_adds_to_a_full_buffer_waits() -> None:
    import threading

    buffer = ArrivalBuffer(lambda: None, most=2, most_bytes=100)
    messages = [ArrivedMessage("t", b"x" * 40, n, 1, 40, 0) for n in range(4)]
    added: list[int] = []

    def add_all() -> None:
        for message in messages:
            buffer.add(message)
            added.append(message.mid)

    adder = threading.Thread(target=add_all)
    adder.start()
    taken: list[ArrivedMessage] = []
    while len(taken) < 4:
        part = buffer.take()
        assert len(part) <= 2
        taken += part
    adder.join(WITHIN_S)
    assert taken == messages
    assert added == [0, 1, 2, 3]


def test_a_closed_buffer_holds_nobody_up() -> None:
    buffer = ArrivalBuffer(lambda: None, most=1, most_bytes=100)
    buffer.add(ArrivedMessage("t", b"", 1, 1, 0, 0))
    buffer.close()
    buffer.add(ArrivedMessage("t", b"", 2, 1, 0, 0))
    assert [message.mid for message in buffer.take()] == [1]
