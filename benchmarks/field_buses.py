"""Sparkplug B and OPC UA against real servers: births after a restart, deaths, processor time, an outage.

`python -m benchmarks.field_buses [--seconds 30] [--outage 30] [--publishing-ms 500]` prints Markdown tables. Edge nodes and Mosquitto share
this process's two cores with the host, which makes its times longer; the OPC UA server has a process of its own, and processor time is this process's:
source, intake and inbox. The plants' tasks aren't among it.
"""

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.sources.opcua.source import OpcuaSource
from serving.live.sources.sparkplug.payload import encode_payload
from serving.live.sources.sparkplug.source import SparkplugSource
from serving.live.sources.sparkplug.topics import EdgeName
from serving.settings import ServingSettings
from tests.servers import MosquittoServer, free_port, running_mosquitto
from tests.serving.live.opcua.lines import breakable_line
from tests.serving.live.sites import FieldSite, background_task, field_site, small_profile, until
from tests.serving.live.sparkplug.edges import ScriptedEdge

EDGES, METRICS, TAGS = 5, 200, 500
WITHIN_S = 120


def plant(name: str, tags: int, live: dict[str, object]) -> PlantProfile:
    given = [
        {"name": f"TAG{n}", "description": "", "unit": "bar", "range": [-1e9, 1e9], "process_unit": "A"}
        for n in range(tags)
    ]
    return small_profile(live, name=name, registry_prefix=f"{name}_", tags=given)


# Sparkplug


class BenchEdge:
    """An edge node that answers commands with its birth."""

    def __init__(self, number: int) -> None:
        self.edge = ScriptedEdge(EdgeName("bench", f"edge{number}"))
        self.aliases = {n + 1: f"TAG{n}" for n in range(METRICS)}
        self.values = dict.fromkeys(self.aliases.values(), 1.0)

    @asynccontextmanager
    async def connected(self, server: MosquittoServer) -> AsyncIterator[BrokerConnection]:
        topic, payload = self.edge.death()
        will = OutgoingMessage(str(topic), encode_payload(payload))
        connection = BrokerConnection(BrokerAddress("127.0.0.1", server.port), will=will)
        await connection.open()
        await connection.subscribe([f"spBv1.0/bench/NCMD/{self.edge.node.edge}"])
        try:
            yield connection
        finally:
            await connection.close()

    async def answer(self, connection: BrokerConnection) -> None:
        while True:
            for _ in await connection.fetch(WITHIN_S):
                topic, payload = self.edge.birth(self.aliases, **self.values)
                await connection.publish([OutgoingMessage(str(topic), encode_payload(payload), qos=0)])


@asynccontextmanager
async def running_edge(edge: BenchEdge, server: MosquittoServer) -> AsyncIterator[BrokerConnection]:
    async with edge.connected(server) as connection:
        task = asyncio.create_task(edge.answer(connection))
        try:
            yield connection
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def resolve_aliases(server: MosquittoServer, site: FieldSite) -> float:
    """Seconds from a host's start until the births that it asks for have told it each metric of each edge node."""
    source = SparkplugSource(BrokerAddress("127.0.0.1", server.port), "bench", site.intake, site.board)
    site.noted.readings.clear()
    begun = time.perf_counter()
    async with background_task(source.run):
        await until(lambda: len(site.noted.readings) >= EDGES * METRICS, WITHIN_S)
        return time.perf_counter() - begun


async def lose_edge(server: MosquittoServer, site: FieldSite, edges: list[BenchEdge]) -> float:
    """Seconds from the cut of an edge node's cable until all its tags are stale."""
    source = SparkplugSource(BrokerAddress("127.0.0.1", server.port), "bench", site.intake, site.board)
    site.noted.stale.clear()
    site.noted.readings.clear()
    async with background_task(source.run), running_edge(edges[0], server) as connection:
        await until(lambda: len(site.noted.readings) >= EDGES * METRICS, WITHIN_S)
        cable = connection._client.socket()
        assert isinstance(cable, socket.socket)
        begun = time.perf_counter()
        cable.shutdown(socket.SHUT_RDWR)
        await until(lambda: len(site.noted.stale) >= METRICS, WITHIN_S)
        return time.perf_counter() - begun


async def measure_sparkplug(runs: int) -> tuple[list[float], list[float]]:
    edges = [BenchEdge(number) for number in range(EDGES)]
    profiles = [
        plant(f"plant{n}", METRICS, {"sparkplug": {"group": "bench", "edge": f"edge{n}"}})
        for n in range(EDGES)
    ]
    with running_mosquitto() as server, tempfile.TemporaryDirectory() as home:
        async with AsyncExitStack() as stack:
            for edge in edges[1:]:
                await stack.enter_async_context(running_edge(edge, server))
            site = await stack.enter_async_context(field_site(Path(home), *profiles))
            async with running_edge(edges[0], server):
                resolved = [await resolve_aliases(server, site) for _ in range(runs + 1)]
            lost = [await lose_edge(server, site, edges) for _ in range(runs)]
    return resolved[1:], lost  # the first is a start, with plants that the inbox doesn't know


# OPC UA


@asynccontextmanager
async def opcua_plant() -> AsyncIterator[tuple[int, list[int]]]:
    """A server's process; its port, and the numbers that it has given so far."""
    port, written = free_port(), list[int]()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.opcua_plant", str(port), str(TAGS), stdout=-1
    )
    stdout = process.stdout
    assert stdout is not None

    async def listen() -> None:
        async for line in stdout:
            written.append(int(line))

    try:
        async with background_task(listen):
            await until(lambda: bool(written), WITHIN_S)
            yield port, written
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def reading_site(home: Path, port: int, publishing_ms: int) -> AsyncIterator[FieldSite]:
    nodes = {f"TAG{n}": f"ns=2;s=Bench.TAG{n}" for n in range(TAGS)}
    opcua = {
        "url": f"opc.tcp://127.0.0.1:{port}/plant", "nodes": nodes, "publishing_ms": publishing_ms, "queue_size": 100
    }  # fmt: skip
    async with field_site(home, plant("bench", TAGS, {"opcua": opcua})) as site:
        source = OpcuaSource(site.intake, site.board, ServingSettings(home=home))
        async with background_task(source.run):
            await until(lambda: site.status("opcua", "bench").state == "connected", WITHIN_S)
            yield site


async def measure_processor(seconds: float, publishing_ms: int) -> tuple[float, float]:
    """This process's share of a core, and the values a second that it stored."""
    with tempfile.TemporaryDirectory() as home:
        async with opcua_plant() as (port, _), reading_site(Path(home), port, publishing_ms) as site:
            await asyncio.sleep(3)
            before = len(site.noted.readings)
            wall, processor = time.perf_counter(), time.process_time()
            await asyncio.sleep(seconds)
            share = (time.process_time() - processor) / (elapsed := time.perf_counter() - wall)
            return share, (len(site.noted.readings) - before) / elapsed


async def measure_outage(seconds: float, publishing_ms: int) -> tuple[int, int, float]:
    """Values that the server gave, those of them that weren't stored, and seconds until all were."""
    with tempfile.TemporaryDirectory() as home:
        async with (
            opcua_plant() as (port, written),
            breakable_line(port) as (line, line_port),
            reading_site(Path(home), line_port, publishing_ms) as site,
        ):
            await until(lambda: float(written[-1]) in site.noted.values("TAG0"), WITHIN_S)
            first = written[-1]
            await asyncio.sleep(3)
            await line.cut()
            await asyncio.sleep(seconds)
            await line.mend()
            begun, last = time.perf_counter(), written[-1]
            wanted = {(f"TAG{n}", float(second)) for n in range(TAGS) for second in range(first, last + 1)}
            missing = wanted
            while missing and time.perf_counter() - begun < WITHIN_S:
                await asyncio.sleep(0.5)
                missing = wanted - {(one.column, one.value) for one in site.noted.readings}
            return len(wanted), len(missing), time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--outage", type=float, default=30)
    parser.add_argument("--publishing-ms", type=int, nargs="+", default=[500])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    resolved, lost = asyncio.run(measure_sparkplug(given.runs))
    print(
        f"Load {os.getloadavg()[0]:.0f}\n\n| Sparkplug, {EDGES} edge nodes of {METRICS} metrics | seconds |\n|---|---|"
    )
    print(f"| start of the host → every metric known | {min(resolved):.2f} to {max(resolved):.2f} |")
    print(f"| cable of an edge node cut → its tags stale | {min(lost):.3f} to {max(lost):.3f} |\n")
    print(f"| OPC UA, {TAGS} tags at 1 Hz, publishing | share of a core | values/s |\n|---|---|---|")
    for publishing_ms in given.publishing_ms:
        share, rate = asyncio.run(measure_processor(given.seconds, publishing_ms))
        print(f"| {publishing_ms} ms | {share:.1%} | {rate:.0f} |", flush=True)
    count, missing, seconds = asyncio.run(measure_outage(given.outage, given.publishing_ms[0]))
    print(
        f"\n{given.outage:g} s outage: {count:,} values given, {missing:,} lost, caught up in {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
