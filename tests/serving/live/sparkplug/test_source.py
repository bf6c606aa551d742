"""The host application against a real Mosquitto: births, restarts, deaths and losses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import ArrivedMessage, OutgoingMessage
from serving.live.sources.sparkplug.payload import decode_payload, encode_payload
from serving.live.sources.sparkplug.source import SparkplugSource
from serving.live.sources.sparkplug.topics import EdgeName, state_topic
from tests.servers import MosquittoServer
from tests.serving.live.sites import FieldSite, background_task, field_site, small_profile, until
from tests.serving.live.sparkplug.edges import Message, ScriptedEdge

pytestmark = [pytest.mark.services, pytest.mark.anyio]
ALIASES = {1: "FLOW", 2: "area/level"}


def sparkplug_options(node: EdgeName, **options: object) -> dict[str, object]:
    names = {"area/level": "LEVEL"}
    return {"sparkplug": {"group": node.group, "edge": node.edge, "names": names, **options}}


class PublishedEdge:
    """An edge node on a broker, which answers commands with its births."""

    def __init__(self, connection: BrokerConnection, edge: ScriptedEdge) -> None:
        self.connection, self.edge = connection, edge
        self.rebirths = 0
        self.flow = 1.0

    async def send(self, message: Message) -> None:
        topic, payload = message
        await self.connection.publish([OutgoingMessage(str(topic), encode_payload(payload), qos=0)])

    async def obey(self) -> None:
        await self.connection.subscribe([f"spBv1.0/{self.edge.node.group}/NCMD/{self.edge.node.edge}"])
        while True:
            for message in await self.connection.fetch(60):
                (command,) = decode_payload(message.payload).metrics
                assert (command.name, command.value) == ("Node Control/Rebirth", True)
                self.rebirths += 1
                await self.send(self.edge.birth(ALIASES, FLOW=self.flow, **{"area/level": 40.0}))


@asynccontextmanager
async def published_edge(server: MosquittoServer, **options: object) -> AsyncIterator[PublishedEdge]:
    connection = BrokerConnection(BrokerAddress("127.0.0.1", server.port), **options)  # pyright: ignore[reportArgumentType]
    await connection.open()
    try:
        yield PublishedEdge(connection, ScriptedEdge(EdgeName("plants", f"e{uuid4()}")))
    finally:
        await connection.close()


@asynccontextmanager
async def listening(
    server: MosquittoServer, site: FieldSite, host: str = ""
) -> AsyncIterator[SparkplugSource]:
    source = SparkplugSource(
        BrokerAddress("127.0.0.1", server.port), host or f"host-{uuid4()}", site.intake, site.board
    )
    async with background_task(source.run):
        yield source


async def test_after_a_start_and_a_restart_the_edge_is_asked_unheard_and_every_alias_known(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        edge = await stack.enter_async_context(published_edge(mosquitto))
        await stack.enter_async_context(background_task(edge.obey))
        site = await stack.enter_async_context(
            field_site(tmp_path, small_profile(sparkplug_options(edge.edge.node)))
        )
        async with listening(mosquitto, site):
            await until(lambda: site.noted.values("LEVEL") == [40.0])
            await edge.send(edge.edge.data(1, 5.0))
            await until(lambda: site.noted.values("FLOW") == [1.0, 5.0])
            assert edge.rebirths == 1
        edge.flow = 6.0
        async with listening(mosquitto, site):
            await until(lambda: edge.rebirths == 2)
            await edge.send(edge.edge.data(1, 7.0))
            await until(lambda: site.noted.values("FLOW")[-1] == 7.0)
        assert site.status("sparkplug").received >= 4


async def test_a_gap_leads_to_a_rebirth_and_no_value_under_a_wrong_name(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        edge = await stack.enter_async_context(published_edge(mosquitto))
        await stack.enter_async_context(background_task(edge.obey))
        site = await stack.enter_async_context(
            field_site(tmp_path, small_profile(sparkplug_options(edge.edge.node)))
        )
        await stack.enter_async_context(listening(mosquitto, site))
        await until(lambda: site.noted.values("FLOW") == [1.0])
        await edge.send(edge.edge.data(1, 2.0))
        edge.edge.count()
        edge.flow = 9.0
        await until(lambda: 2.0 in site.noted.values("FLOW"))
        while edge.rebirths < 2:
            await edge.send(edge.edge.data(2, 3.0))
            await asyncio.sleep(0.02)
        await until(lambda: site.noted.values("FLOW")[-1] == 9.0)
        assert 3.0 not in site.noted.values("FLOW")
        assert "messages were lost" in site.status("sparkplug").last_error


async def test_the_death_of_an_edge_makes_its_tags_stale(mosquitto: MosquittoServer, tmp_path: Path) -> None:
    node = EdgeName("plants", f"e{uuid4()}")
    edge = ScriptedEdge(node)
    topic, payload = edge.death()
    will = OutgoingMessage(str(topic), encode_payload(payload))
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(field_site(tmp_path, small_profile(sparkplug_options(node))))
        await stack.enter_async_context(listening(mosquitto, site))
        await until(lambda: site.status("sparkplug").state == "connected")
        connection = BrokerConnection(BrokerAddress("127.0.0.1", mosquitto.port), will=will)
        await connection.open()
        birth_topic, birth = edge.birth(ALIASES, FLOW=1.0)
        await connection.publish([OutgoingMessage(str(birth_topic), encode_payload(birth), qos=0)])
        await until(lambda: site.noted.values("FLOW") == [1.0])
        cable = connection._client.socket()  # pyright: ignore[reportPrivateUsage]
        assert cable is not None
        cable.shutdown(socket.SHUT_RDWR)
        await until(lambda: set(site.noted.stale) == {"FLOW", "LEVEL"})
        await connection.close()


async def test_a_host_says_that_it_is_online_and_insists(mosquitto: MosquittoServer, tmp_path: Path) -> None:
    host = f"host-{uuid4()}"
    states: list[tuple[bool, int]] = []
    async with AsyncExitStack() as stack:
        watcher = (await stack.enter_async_context(published_edge(mosquitto))).connection
        await watcher.subscribe([state_topic(host)])
        site = await stack.enter_async_context(
            field_site(tmp_path, small_profile(sparkplug_options(EdgeName("plants", "nobody"))))
        )
        await stack.enter_async_context(background_task(lambda: _watch(watcher, states.append)))
        task = await stack.enter_async_context(AsyncExitStack())
        await task.enter_async_context(listening(mosquitto, site, host))
        await until(lambda: [online for online, _ in states] == [True])
        stale = OutgoingMessage(state_topic(host), b'{"online": false, "timestamp": 1}', retain=True)
        publisher = await stack.enter_async_context(published_edge(mosquitto))
        await publisher.connection.publish([stale])
        await until(lambda: [online for online, _ in states] == [True, False, True])
        assert states[0] == states[2]


async def test_bad_messages_are_told_and_do_not_stop_the_good_ones(
    mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        edge = await stack.enter_async_context(published_edge(mosquitto))
        node = edge.edge.node
        site = await stack.enter_async_context(field_site(tmp_path, small_profile(sparkplug_options(node))))
        await stack.enter_async_context(listening(mosquitto, site))
        await until(lambda: site.status("sparkplug").state == "connected")
        status = site.status("sparkplug")
        for topic, content, fault in [
            (f"spBv1.0/plants/NDATA/{node.edge}", b"\xff\xff\xff", "3 bytes are no Sparkplug B payload"),
            (f"spBv1.0/plants/NONSENSE/{node.edge}", b"", "expected spBv1.0/<group>/<message type>"),
            (f"spBv1.0/plants/NDATA/{node.edge}/device", b"", "expected a device for D… messages"),
        ]:
            refused = status.refused
            await edge.connection.publish([OutgoingMessage(topic, content, qos=0)])
            await until(lambda refused=refused: status.refused > refused)
            assert fault in status.last_error
        await edge.send(edge.edge.birth(ALIASES, FLOW=4.0))
        await until(lambda: site.noted.values("FLOW") == [4.0])


async def test_a_broker_that_comes_back_is_listened_to_again(
    own_mosquitto: MosquittoServer, tmp_path: Path
) -> None:
    node = EdgeName("plants", "edge")
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(field_site(tmp_path, small_profile(sparkplug_options(node))))
        own_mosquitto.end()
        await stack.enter_async_context(listening(own_mosquitto, site))
        await until(lambda: "can't be reached" in site.status("sparkplug").state)
        own_mosquitto.start()
        await until(lambda: site.status("sparkplug").state == "connected")
        async with published_edge(own_mosquitto) as edge:
            edge.edge.node = node
            await edge.send(edge.edge.birth(ALIASES, FLOW=4.0))
            await until(lambda: site.noted.values("FLOW") == [4.0])
        own_mosquitto.end()
        await until(lambda: set(site.noted.stale) == {"FLOW", "LEVEL"})


async def test_a_plant_without_a_broker_is_told_which_setting_is_missing(tmp_path: Path) -> None:
    node = EdgeName("plants", "edge")
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(field_site(tmp_path, small_profile(sparkplug_options(node))))
        source = SparkplugSource(None, "host", site.intake, site.board)
        await stack.enter_async_context(background_task(source.run))
        await until(lambda: "FOREWARN_MQTT_URL" in site.status("sparkplug").state)


async def _watch(connection: BrokerConnection, note: Callable[[tuple[bool, int]], None]) -> None:
    def read(message: ArrivedMessage) -> tuple[bool, int]:
        state = orjson.loads(message.payload)
        return state["online"], state["timestamp"]

    while True:
        for message in await connection.fetch(60):
            note(read(message))
