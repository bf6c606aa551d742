"""A live service over pretended models beside a gateway on the same database, and what a test asks of both."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.datastructures import State

from serving.events.kinds import EventMessage
from serving.gateway.app import create_app as gateway_app
from serving.gateway.event_types import GatewayEvent
from serving.live.app import create_app as live_app
from serving.live.readings import RawReading
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from serving.warnings.tables import PlantWarning, WarningAction
from tests.serving.live.plants.pretend import CALM, PLANT, START, PretendModels
from tests.serving.live.site import SOURCE, LiveService, running_live
from tests.serving.mlflow_fake import FakeMlflow

eventually = LiveService.until
HOUR = timedelta(hours=1)


@dataclass
class LiveSite:
    """Live services on one database, with their gateway and a plant whose rows a test adds."""

    settings: ServingSettings
    models: PretendModels = field(default_factory=PretendModels)
    apps: list[FastAPI] = field(default_factory=list)
    newest: datetime = START - HOUR
    gateway: State = field(default_factory=State)

    @property
    def live(self) -> State:
        return self.apps[-1].state

    @property
    def status(self):
        """The plant's."""
        return self.live.watches.watches[PLANT].status

    async def start(self, stack: AsyncExitStack, *, leads: bool = True) -> FastAPI:
        """One more live service, once it watches plants."""
        app = live_app(self.settings, FakeMlflow(), self.models.of)
        await stack.enter_async_context(app.router.lifespan_context(app))
        if leads:
            self.apps.append(app)
            await eventually(role_of(app), lambda fault: not fault)
        return app

    async def start_gateway(self, stack: AsyncExitStack) -> None:
        app = gateway_app(self.settings, has_tasks=False)
        await stack.enter_async_context(app.router.lifespan_context(app))
        self.gateway = app.state

    async def push(self, gone: tuple[str, ...] = (), **values: float) -> datetime:
        """The next complete row, calm where nothing else is given; its time.

        Args:
            gone: tags whose source says that it has no value of them.
        """
        self.newest += HOUR
        time_us = microseconds(self.newest)
        readings = [RawReading(name, time_us, value) for name, value in (CALM | values).items()]
        await self.live.intake.receive(PLANT, SOURCE, readings)
        if gone:
            await self.live.intake.mark_stale(PLANT, SOURCE, gone, time_us)
        self.live.intake.note_time(PLANT, SOURCE, microseconds(self.newest + HOUR))
        return self.newest

    async def scored(self, rows: int) -> list[LiveScore]:
        """All scores, once there are so many."""
        return await self._until(sa.select(LiveScore).order_by(LiveScore.id), rows)

    async def warnings(self, count: int = 1) -> list[PlantWarning]:
        """All warnings, once there are so many."""
        return await self._until(sa.select(PlantWarning).order_by(PlantWarning.id), count)

    async def warning_with(self, warning_id: int, **values: object) -> PlantWarning:
        """A warning, once its columns are so; `...` stands for anything but None."""
        query = sa.select(PlantWarning).where(PlantWarning.id == warning_id)
        for name, value in values.items():
            column = getattr(PlantWarning, name)
            query = query.where(column.is_not(None) if value is ... else column == value)
        return (await self._until(query, 1))[0]

    async def actions(self, warning_id: int) -> list[str]:
        query = sa.select(WarningAction).where(WarningAction.warning_id == warning_id)
        return [a.action for a in await self._until(query.order_by(WarningAction.id), 0)]

    async def events(self, kind: str, count: int = 1) -> list[EventMessage]:
        """All events of a type, once there are so many; each has the shape that clients are promised, no key more."""

        async def found() -> list[EventMessage]:
            return [m for m in await self.live.events.after(0, limit=5000) if m.type == kind]

        events = await eventually(found, lambda events: len(events) >= count)
        for event in events:
            told = {"event": event.type, "data": data(event)}
            assert GatewayEvent.model_validate(told).model_dump(mode="json") == told
        return events

    async def _until(self, query: sa.Select, count: int) -> list:
        async def found() -> list:
            async with self.live.database.read() as session:
                return list((await session.scalars(query)).all())

        return await eventually(found, lambda rows: len(rows) >= count)


def data(event: EventMessage) -> dict:
    """What an event holds."""
    return json.loads(event.content.decode().split("data: ")[1])


def microseconds(time: datetime) -> int:
    return round(time.timestamp() * 1e6)


def role_of(app: FastAPI):
    """Asks why a live service watches no plants."""

    async def fault() -> str:
        return app.state.role.fault

    return fault


@pytest.fixture
def live_settings(live_settings: ServingSettings) -> ServingSettings:
    away = dict.fromkeys(("inference_url", "sensors_url", "dagster_url", "live_url"), "http://127.0.0.1:1")
    return live_settings.model_copy(update=away)


@pytest.fixture
def site(live_settings: ServingSettings) -> LiveSite:
    return LiveSite(live_settings)


@pytest.fixture
async def live(site: LiveSite) -> AsyncIterator[LiveSite]:
    """Everything runs, and one calm row is scored."""
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await site.start_gateway(stack)
        await site.push()
        await site.scored(1)
        yield site


@pytest.fixture
async def service(live_settings: ServingSettings, mlflow: FakeMlflow) -> AsyncIterator[LiveService]:
    """With the trained models of a pretended MLflow."""
    async with running_live(live_settings, mlflow) as service:
        yield service
