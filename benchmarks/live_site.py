"""A live service as a process of its own beside a real Mosquitto, and a client that sends it readings and hears its scores.

Belongs here: starting both, and what both cost. Doesn't belong here: plants (`live_plants.py`), what is measured (`live.py`).
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import orjson
import paho.mqtt.client as paho
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.live_plants import TAGS, publish_models, running_registry, signal_values, write_plants
from benchmarks.serving_site import ONE_THREAD, free_port, process, wait_until
from plant_assets.features.arrays import Floats
from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.sources.push.tokens import ensure_local_token
from serving.settings import ServingSettings
from tests.servers import MosquittoServer, running_mosquitto

BROKER = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 2000"
AUTOSAVED = "\nautosave_interval 1"
"""Mosquitto writes its whole store so often, in seconds; by default half-hourly."""
STEP_MS = 60_000
START_MS = 1_780_000_020_000 // STEP_MS * STEP_MS
WITHIN_S = 180
_TIMESTAMP = re.compile(rb'"timestamp":"([^"]+)"')
MIB = 1024 * 1024


@dataclass
class LiveSite:
    """Where the parts are."""

    home: Path
    profiles: Sequence[PlantProfile]
    broker: MosquittoServer
    live: "subprocess.Popen[bytes]"
    address: str

    @property
    def processor_s(self) -> float:
        """Seconds of processor time that the live service has taken."""
        times = psutil.Process(self.live.pid).cpu_times()
        return times.user + times.system

    @property
    def resident_mib(self) -> float:
        return psutil.Process(self.live.pid).memory_info().rss / MIB

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The service stands still, and what is sent to it waits at the broker."""
        os.kill(self.live.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.live.pid, signal.SIGCONT)


@dataclass
class TrainedPlants:
    """Plants and the models of each, on the disk and served by a registry."""

    folder: Path
    profiles: Sequence[PlantProfile]
    registry: str
    values: Floats


@contextmanager
def trained_plants(count: int, *, looks_ahead: bool = True) -> Iterator[TrainedPlants]:
    with tempfile.TemporaryDirectory(prefix="forewarn-live-plants-") as name:
        folder = Path(name)
        profiles = write_plants(folder / "defs", count, looks_ahead=looks_ahead)
        with running_registry(publish_models(profiles, folder / "exports")) as address:
            yield TrainedPlants(folder, profiles, address, signal_values())


@contextmanager
def live_site(plants: TrainedPlants, *, broker_lines: str = BROKER, **settings: str) -> Iterator[LiveSite]:
    """The service, once it listens and has the models of all plants."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="forewarn-live-")))
        broker = stack.enter_context(running_mosquitto(broker_lines))
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
        environment |= ONE_THREAD | {
            "FOREWARN_HOME": str(home),
            "FOREWARN_DEFS": str(plants.folder / "defs"),
            "FOREWARN_MLFLOW_URL": plants.registry,
            "FOREWARN_MQTT_URL": broker.url,
            "FOREWARN_PORT_LIVE": str(port),
            "FOREWARN_LIVE_FLUSH_HOURS": "0",
            "FOREWARN_LOG_LEVEL": "warning",
        }
        profiler = os.environ.get("LIVE_PROFILER", "").split()
        command = [*profiler, sys.executable, "-m", "serving", "live"]
        live = stack.enter_context(process(command, environment | settings, home / "live.log"))
        address = f"http://127.0.0.1:{port}"
        wait_until(f"{address}/ready", live)
        wait_so(lambda: source_states(address).get("mqtt") == "connected")
        yield LiveSite(home, plants.profiles, broker, live, address)


def source_states(address: str) -> dict[str, str]:
    sources = httpx.get(f"{address}/sources", trust_env=False).raise_for_status().json()["sources"]
    return {source["name"]: source["state"] for source in sources}


def wait_so(is_so: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError("the live service doesn't get that far")
        time.sleep(0.01)


@dataclass
class HeardScores:
    """Scores as they arrive, of all plants.

    Attributes:
        arrived_s: when the first score of a row came, by plant and the row's time in milliseconds.
    """

    messages: int = 0
    arrived_s: dict[tuple[str, int], float] = field(default_factory=dict)
    _times: dict[bytes, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.arrived_s)

    def note(self, topic: str, payload: bytes, at_s: float) -> None:
        found = _TIMESTAMP.search(payload)
        if found is None:
            raise RuntimeError(f"expected a score, got {payload[:100]!r}")
        self.messages += 1
        row_ms = self._times.setdefault(found[1], parse_ms(found[1].decode()))
        self.arrived_s.setdefault((topic.split("/")[1], row_ms), at_s)


def parse_ms(text: str) -> int:
    """A time in milliseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class BrokerClient:
    """Publishes readings and hears scores, each over a connection of its own."""

    def __init__(self, port: int) -> None:
        self.heard = HeardScores()
        self._address = BrokerAddress("127.0.0.1", port)
        self._listening: asyncio.Task[None] | None = None
        self._in: BrokerConnection | None = None
        self._out: BrokerConnection | None = None
        self._paced = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)

    async def __aenter__(self) -> "BrokerClient":
        self._in, self._out = BrokerConnection(self._address), BrokerConnection(self._address)
        await self._in.open()
        await self._out.open()
        await self._in.subscribe(["forewarn/+/scores"])
        self._listening = asyncio.create_task(self._listen(self._in))
        self._paced.connect(self._address.host, self._address.port)
        self._paced.loop_start()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        assert self._in is not None
        assert self._out is not None
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._in.close()
        await self._out.close()
        self._paced.disconnect()
        self._paced.loop_stop()

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish in order; returns when the broker has them."""
        assert self._out is not None
        for start in range(0, len(messages), 1000):
            await self._out.publish(messages[start : start + 1000])

    def send(self, message: OutgoingMessage) -> None:
        """Publish a message without waiting for the broker."""
        self._paced.publish(message.topic, message.payload, qos=1)

    async def wait_rows(self, rows: int) -> None:
        """Wait until so many rows have scores."""
        await self.wait_for(lambda: self.heard.rows >= rows)

    async def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait until something was heard."""
        async with asyncio.timeout(WITHIN_S):
            while not is_so():
                await asyncio.sleep(0.005)

    async def _listen(self, connection: BrokerConnection) -> None:
        while True:
            for message in await connection.fetch(1.0):
                at_s = time.perf_counter()
                self.heard.note(message.topic, message.payload, at_s)
                connection.acknowledge([message])


@dataclass(frozen=True)
class PlantSignals:
    """Readings of a plant: some a row and tag.

    Attributes:
        values: (rows, tags), which begin anew after the last row.
        parts: readings of a row and tag.
    """

    plant: str
    values: Floats
    parts: int = 1

    @property
    def topic(self) -> str:
        return f"forewarn/{self.plant}/readings"

    def document(self, row: int, part: int = 0, first: int = 0, last: int | None = None) -> dict:
        """The readings of some tags at a part of a row's interval."""
        found = self.values[row % len(self.values)].tolist()[first:last]
        noise = part % 7 * 0.01
        time_ms = START_MS + row * STEP_MS + part * (STEP_MS // self.parts)
        values = {tag: value + noise for tag, value in zip(TAGS[first:last], found, strict=True)}
        return {"timestamp": time_ms, "values": values}

    def message(self, documents: dict | list[dict]) -> OutgoingMessage:
        return OutgoingMessage(self.topic, orjson.dumps(documents))

    def singles(self, rows: int) -> list[OutgoingMessage]:
        """A message a reading; the last one begins a row that nothing completes."""
        return [
            self.message(self.document(row, part, place, place + 1))
            for row in range(rows)
            for part in range(self.parts)
            for place in range(len(TAGS))
        ] + [self.message(self.document(rows, 0, 0, 1))]

    def batches(self, rows: int, readings: int = 100) -> list[OutgoingMessage]:
        """Messages of so many readings."""
        each = readings // len(TAGS)
        documents = [self.document(row, part) for row in range(rows) for part in range(self.parts)]
        found = [self.message(documents[start : start + each]) for start in range(0, len(documents), each)]
        return [*found, self.message(self.document(rows, 0, 0, 1))]

    def paced(self, count: int) -> Iterator[tuple[int | None, OutgoingMessage]]:
        """Messages of one reading, each with the row that it completes, by its time in milliseconds."""
        for number in range(count):
            row, place = divmod(number, len(TAGS) * self.parts)
            part, tag = divmod(place, len(TAGS))
            completed = START_MS + (row - 1) * STEP_MS if row and not place else None
            yield completed, self.message(self.document(row, part, tag, tag + 1))

    def bodies(self, rows: int, lines: int) -> list[bytes]:
        """Line protocol, a reading a line, so many lines a body."""
        found = [
            f"plant,tag={tag} value={value:.6f} {document['timestamp']}000000"
            for row in range(rows)
            for part in range(self.parts)
            for document in [self.document(row, part)]
            for tag, value in document["values"].items()
        ]
        found.append(f"plant,tag={TAGS[0]} value=200 {START_MS + rows * STEP_MS}000000")
        return ["\n".join(found[start : start + lines]).encode() for start in range(0, len(found), lines)]


async def push_token(site: LiveSite) -> str:
    """The installation's own token of the first plant."""
    return await ensure_local_token(ServingSettings(home=site.home), site.profiles[0].name)
