"""A live source beside a real broker: readings end in a real inbox, whose faults a test may ask for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.inbox.inbox import ReadingBatch, ReadingInbox, StoredCounts, StoredReading, StoreUnavailable
from serving.live.intake import LiveIntake
from serving.live.readings import AdmittedReading
from serving.live.role import LiveRole
from serving.live.sources.board import SourceBoard
from serving.live.sources.mqtt.source import MqttSource
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings
from tests.servers import MosquittoServer
from tests.serving.brokers import own_mosquitto, strict_mosquitto

__all__ = ["ListeningSite", "SiteMaker", "own_mosquitto", "strict_mosquitto"]

WITHIN_S = 30


@dataclass
class FaultyInbox:
    """An inbox that is away for as long as a test says, and counts."""

    inbox: ReadingInbox
    is_away: bool = False
    calls: int = 0
    after_storing: Callable[[], Awaitable[None]] | None = None
    only: str = ""
    """The plant whose readings can't be stored; empty: nobody's."""

    async def store(self, batches: Sequence[ReadingBatch]) -> list[StoredCounts]:
        self.calls += 1
        if self.is_away and (not self.only or any(plant == self.only for plant, _ in batches)):
            raise StoreUnavailable("the disk is full")
        counts = await self.inbox.store(batches)
        if self.after_storing is not None:
            await self.after_storing()
        return counts


@dataclass
class SilentListener:
    """The plants' tasks, which take everything."""

    times: list[tuple[str, int]] = field(default_factory=list)

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:
        return 0

    def note_time(self, plant: str, source: str, time_us: int) -> None:
        self.times.append((plant, time_us))

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None: ...


@dataclass
class ListeningSite:
    """A broker, an inbox, and a source between them."""

    server: MosquittoServer
    folder: PlantFolder
    inbox: FaultyInbox
    listener: SilentListener
    board: SourceBoard
    source: MqttSource

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self.server.port)

    async def publish(self, *messages: tuple[str, bytes]) -> None:
        connection = BrokerConnection(self.address)
        try:
            await connection.open()
            await connection.publish([OutgoingMessage(topic, payload) for topic, payload in messages])
        finally:
            await connection.close()

    async def stored(self, plant: str) -> list[StoredReading]:
        return await self.inbox.inbox.since(plant, 0)

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def wait_stored(self, plant: str, number: int) -> list[StoredReading]:
        async with asyncio.timeout(WITHIN_S):
            while len(found := await self.stored(plant)) < number:
                await asyncio.sleep(0.01)
        return found

    async def wait_state(self, part: str) -> None:
        await self.wait_for(lambda: part in self.board.sources["mqtt"].state)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.source.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


SiteMaker = Callable[..., Awaitable[ListeningSite]]


@pytest.fixture
async def make_site(tmp_path: Path, profile: PlantProfile) -> AsyncIterator[SiteMaker]:
    inboxes: list[ReadingInbox] = []

    async def make(
        server: MosquittoServer,
        plants: Sequence[str],
        *topics: dict[str, object],
        login: tuple[str, str] = ("", ""),
        home: str = "home",
        group: str = "",
        max_body_mb: float = 1,
    ) -> ListeningSite:
        settings = ServingSettings(
            home=tmp_path / home, max_body_mb=max_body_mb, mqtt_group=group or plants[0]
        )
        inbox, board, listener = ReadingInbox(settings), SourceBoard(), SilentListener()
        inboxes.append(inbox)
        await inbox.open()
        folder = PlantFolder(tmp_path)
        given = profile.model_dump(mode="json", exclude_defaults=True) | {
            "live": {"mqtt": {"topics": topics}}
        }
        folder.profiles = {name: PlantProfile.model_validate({**given, "name": name}) for name in plants}
        faulty = FaultyInbox(inbox)
        intake = LiveIntake(folder, faulty, listener, board, LiveRole(""))  # pyright: ignore[reportArgumentType]
        source = MqttSource(BrokerAddress("127.0.0.1", server.port, *login), intake, board, settings)
        return ListeningSite(server, folder, faulty, listener, board, source)

    yield make
    for inbox in inboxes:
        await inbox.close()
