"""A gateway that follows sensors over the network, and what a test asks of it."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.datastructures import State
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from serving.events.kinds import EventMessage
from serving.gateway.app import create_app
from serving.gateway.event_types import GatewayEvent
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from serving.warnings.tables import PlantWarning, WarningAction
from tests.serving.gateway.live.neighbours import Inference, Sensors
from tests.serving.gateway.processes import listening

WITHIN_S = 30


@dataclass
class LiveSite:
    """Gateways on one database, with their neighbours."""

    settings: ServingSettings
    sensors: Sensors
    inference: Inference
    apps: list[FastAPI] = field(default_factory=list)

    @property
    def gateway(self) -> State:
        return self.apps[-1].state

    async def start(self, stack: AsyncExitStack) -> FastAPI:
        app = create_app(self.settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        self.apps.append(app)
        return app

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
            return [m for m in await self.gateway.events.after(0, limit=5000) if m.type == kind]

        events = await eventually(found, lambda events: len(events) >= count)
        for event in events:
            told = {"event": event.type, "data": data(event)}
            assert GatewayEvent.model_validate(told).model_dump(mode="json") == told
        return events

    async def told(self, service: str, start: str) -> list[str]:
        """What status events told of a service, once the newest of them begins so."""

        async def found() -> list[str]:
            documents = [data(event) for event in await self.events("status", 0)]
            return [told["services"][service] for told in documents if service in told["services"]]

        return await eventually(found, lambda told: bool(told) and told[-1].startswith(start))

    async def _until(self, query: sa.Select, count: int) -> list:
        async def found() -> list:
            async with self.gateway.database.read() as session:
                return list((await session.scalars(query)).all())

        return await eventually(found, lambda rows: len(rows) >= count)


def data(event: EventMessage) -> dict:
    """What an event holds."""
    return json.loads(event.content.decode().split("data: ")[1])


async def eventually(ask, is_so):
    """What is asked, once it is so."""
    attempts = AsyncRetrying(
        retry=retry_if_result(lambda found: not is_so(found)),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(WITHIN_S),
        retry_error_callback=lambda state: pytest.fail(
            f"last seen: {state.outcome and state.outcome.result()}"
        ),
    )
    return await attempts(ask)


@pytest.fixture
def sensors() -> Sensors:
    return Sensors()


@pytest.fixture
def inference() -> Inference:
    return Inference()


@pytest.fixture
def live_settings(
    tmp_path: Path, database_address: str, sensors: Sensors, inference: Inference
) -> Iterator[ServingSettings]:
    with listening(sensors.app) as sensors_url, listening(inference.app) as inference_url:
        yield ServingSettings(
            home=tmp_path / "home",
            drop=tmp_path / "drop",
            database_url=database_address,
            sensors_url=sensors_url,
            inference_url=inference_url,
            dagster_url="http://127.0.0.1:1",
        )


@pytest.fixture
async def live(
    live_settings: ServingSettings, sensors: Sensors, inference: Inference
) -> AsyncIterator[LiveSite]:
    site = LiveSite(live_settings, sensors, inference)
    async with AsyncExitStack() as stack:
        await site.start(stack)
        yield site
