"""A live service's process that kills itself at a commit; the server of `fork_server.py` has this loaded."""

import asyncio
from datetime import datetime
from pathlib import Path

import alembic.command
import paho.mqtt.client
import polars as pl
import psycopg
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite
from fastapi import FastAPI
from sqlalchemy import Engine, event

from serving.live.app import run_parts
from serving.live.outputs import consumer
from serving.live.readings import RawReading
from serving.settings import ServingSettings
from tests.reliability.fork_server import KillSwitch
from tests.serving.conftest import published

LOADED = (
    alembic.command,
    paho.mqtt.client,
    psycopg,
    sqlalchemy.dialects.postgresql,
    sqlalchemy.dialects.sqlite,
)
PLANT = "gas_treatment"
BATCH = 40


def take(
    settings: ServingSettings,
    bundles: dict[str, Path],
    records: Path,
    acknowledged: Path,
    last: datetime,
    die_at: int,
) -> None:
    """Send records from the first that wasn't acknowledged on, and wait until a row is scored.

    Args:
        settings: of the service.
        bundles: of its models.
        records: a Parquet file of timestamp, tag and value, by time.
        acknowledged: file that counts the records whose storage was confirmed.
        last: when the last row begins that is waited for.
        die_at: the commit before which it dies; 0 for none.
    """
    switch = KillSwitch(die_at)
    if die_at:
        event.listen(Engine, "commit", switch.step)
    asyncio.run(_take(settings, bundles, records, acknowledged, last))


def serve(settings: ServingSettings, bundles: dict[str, Path], settle_s: float) -> None:
    """Be the service until killed.

    Args:
        settings: of the service.
        bundles: of its models.
        settle_s: after which a target has what it took on the disk.
    """
    consumer.SETTLE_S = settle_s
    asyncio.run(_serve(settings, bundles))


async def _serve(settings: ServingSettings, bundles: dict[str, Path]) -> None:
    app = FastAPI()
    app.state.settings = settings
    async with run_parts(app, settings, published(bundles)):
        await asyncio.Event().wait()


async def _take(
    settings: ServingSettings, bundles: dict[str, Path], records: Path, acknowledged: Path, last: datetime
) -> None:
    app = FastAPI()
    app.state.settings = settings
    async with run_parts(app, settings, published(bundles)):
        state = app.state
        while state.role.fault:
            await asyncio.sleep(0.01)
        done = int(acknowledged.read_text() or 0) if acknowledged.exists() else 0
        given = readings_of(records)
        for start in range(done, len(given), BATCH):
            await state.intake.receive(PLANT, "test", given[start : start + BATCH])
            acknowledged.write_text(str(min(start + BATCH, len(given))))
        while (scored := state.watches.watches[PLANT].status.scored_time) is None or scored < last:
            await asyncio.sleep(0.02)


def readings_of(records: Path) -> list[RawReading]:
    table = pl.read_parquet(records)
    columns = table["tag"].to_list(), table["timestamp"].dt.epoch("us").to_list(), table["value"].to_list()
    return [RawReading(*one) for one in zip(*columns, strict=True)]
