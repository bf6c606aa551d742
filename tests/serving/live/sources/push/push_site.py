"""The push routes over a real inbox and database, with a plant's task that only remembers what it is told."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI

from plant_assets.profile.load import DEFS_FOLDER
from serving.live.inbox.inbox import ReadingInbox
from serving.live.intake import LiveIntake
from serving.live.readings import AdmittedReading
from serving.live.role import LiveRole
from serving.live.sources.board import SourceBoard
from serving.live.sources.push.install import install_push, start_push
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate
from serving.web.app import new_app

PLANT, OTHER = "gas_treatment", "power_grid"


@dataclass
class NotingListener:
    """Remembers what the plants' tasks would be told."""

    taken: list[AdmittedReading] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:
        self.taken += readings
        return 0

    def note_time(self, plant: str, source: str, time_us: int) -> None:
        self.times.append(time_us)

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None: ...


@dataclass
class PushSite:
    """What the routes of one application stand on."""

    app: FastAPI
    inbox: ReadingInbox
    listener: NotingListener
    board: SourceBoard

    async def token(self, plant: str = PLANT) -> str:
        _, token = await self.app.state.ingest_tokens.add(plant)
        return token

    def client(self, token: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)

    async def stored(self, plant: str = PLANT) -> list[tuple[str, int, float, str]]:
        """What lies in the inbox, by time and column."""
        found = await self.inbox.after(plant, 0, 1_000_000)
        return sorted((r.column, r.time_us, r.value, r.quality) for r in found)


def push_app(settings: ServingSettings) -> FastAPI:
    """An application of the push routes alone; its parts live while it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_parts(app, settings):
            yield

    app = new_app("push", settings, lifespan)
    install_push(app)
    return app


@asynccontextmanager
async def running_parts(app: FastAPI, settings: ServingSettings) -> AsyncIterator[PushSite]:
    url = database_url(settings)
    migrate(url)
    database, inbox, folder = Database(url), ReadingInbox(settings), PlantFolder(DEFS_FOLDER)
    folder.poll()
    await inbox.open()
    listener, board = NotingListener(), SourceBoard()
    start_push(app, database, LiveIntake(folder, inbox, listener, board, LiveRole(fault="")), board)
    app.state.site = PushSite(app, inbox, listener, board)
    try:
        yield app.state.site
    finally:
        await inbox.close()
        await database.close()


@asynccontextmanager
async def running_site(folder: Path, **options: object) -> AsyncIterator[PushSite]:
    """The application without a server."""
    settings = ServingSettings(home=folder / "home", **options)
    app = push_app(settings)
    async with running_parts(app, settings) as site:
        yield site
