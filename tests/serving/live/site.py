"""A running live service for tests, over a pretended MLflow, and records to send it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx
import polars as pl
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from serving.live.app import create_app
from serving.live.readings import IntakeReceipt, RawReading
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from serving.warnings.tables import PlantWarning
from tests.serving.mlflow_fake import FakeMlflow

WITHIN_S = 60
PLANT = "gas_treatment"
SOURCE = "test"
Found = TypeVar("Found")


@dataclass
class LiveService:
    """The service, and what a test asks of it."""

    app: FastAPI
    client: httpx.AsyncClient

    async def send(self, readings: Sequence[RawReading], plant: str = PLANT) -> IntakeReceipt:
        return await self.app.state.intake.receive(plant, SOURCE, readings)

    async def scores(self, count: int, plant: str = PLANT) -> list[LiveScore]:
        """A plant's scores in their order, once there are so many."""
        query = sa.select(LiveScore).where(LiveScore.plant == plant).order_by(LiveScore.id)
        return await self.until(lambda: self.read(query), lambda rows: len(rows) >= count)

    async def warnings(self, count: int = 1) -> list[PlantWarning]:
        query = sa.select(PlantWarning).order_by(PlantWarning.id)
        return await self.until(lambda: self.read(query), lambda rows: len(rows) >= count)

    async def events(self, kind: str) -> list[dict]:
        found = await self.app.state.events.after(0, limit=100_000)
        return [json.loads(e.content.decode().split("data: ")[1]) for e in found if e.type == kind]

    async def read(self, query: sa.Select) -> list:
        async with self.app.state.database.read() as session:
            return list((await session.scalars(query)).all())

    @staticmethod
    async def until(ask: Callable[[], Awaitable[Found]], is_so: Callable[[Found], bool]) -> Found:
        """What is asked, once it is so."""
        attempts = AsyncRetrying(
            retry=retry_if_result(lambda found: not is_so(found)),
            wait=wait_fixed(0.02),
            stop=stop_after_delay(WITHIN_S),
            retry_error_callback=lambda state: pytest.fail(
                f"last seen: {state.outcome and state.outcome.result()}"
            ),
        )

        async def found() -> Found:
            return await ask()

        return await attempts(found)


@asynccontextmanager
async def running_live(settings: ServingSettings, mlflow: FakeMlflow) -> AsyncIterator[LiveService]:
    """The service, once it watches plants and has its models."""
    app = create_app(settings, transport=mlflow)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            service = LiveService(app, client)
            await app.state.reconciler.refresh()

            async def fault() -> str:
                return app.state.role.fault

            await service.until(fault, lambda fault: not fault)
            yield service


def readings_of(records: pl.DataFrame) -> list[RawReading]:
    """Records of the simulation as a source gives them."""
    times = records["timestamp"].dt.epoch("us").to_list()
    columns = records["tag"].cast(pl.String).to_list(), times, records["value"].to_list()
    return [RawReading(*one) for one in zip(*columns, strict=True)]
