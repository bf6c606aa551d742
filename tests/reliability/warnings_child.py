"""A live service's process that kills itself at a write; the server of `fork_server.py` has this loaded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import alembic.command
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite
from fastapi import FastAPI

from serving.live.app import run_parts
from serving.live.readings import RawReading
from serving.settings import ServingSettings
from tests.reliability.gateway_child import watch_transaction
from tests.serving.live.plants.pretend import ADVICE, CALM, PLANT, START, PretendModels
from tests.serving.mlflow_fake import FakeMlflow

LOADED = alembic.command, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite
SCORES = "INSERT INTO live_scores "
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PlantRow:
    """A row of the plant, and what its models say of it.

    Attributes:
        ahead: risk by horizon.
        gone: tags whose source says that it has no value of them.
        advice: what is recommended.
    """

    ahead: Mapping[int, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    advice: str = ADVICE


def live(settings: ServingSettings, rows: Sequence[PlantRow], die_at: int) -> None:
    """Take all rows, and score those that weren't yet.

    Args:
        settings: of the service.
        rows: from the plant's first on.
        die_at: the step of the next row's transaction at which it dies; 0, or more than there are: once it is committed;
            -1: never.
    """
    if die_at >= 0:
        watch_transaction(SCORES, die_at)
    asyncio.run(_live(settings, rows))


async def _live(settings: ServingSettings, rows: Sequence[PlantRow]) -> None:
    app, models = FastAPI(), PretendModels()
    models.ahead_at = {START + n * HOUR: row.ahead for n, row in enumerate(rows)}
    models.advised = rows[-1].advice
    app.state.settings = settings
    async with run_parts(app, settings, FakeMlflow(), models.of):
        state = app.state
        while state.role.fault:
            await asyncio.sleep(0.005)
        for number, row in enumerate(rows):
            time_us = round((START + number * HOUR).timestamp() * 1e6)
            readings = [RawReading(name, time_us, value) for name, value in (CALM | dict(row.values)).items()]
            await state.intake.receive(PLANT, "test", [r for r in readings if r.name not in row.gone])
            if row.gone:
                await state.intake.mark_stale(PLANT, "test", row.gone, time_us)
        newest = START + (len(rows) - 1) * HOUR
        state.intake.note_time(PLANT, "test", round((newest + HOUR).timestamp() * 1e6))
        while (scored := state.watches.watches[PLANT].status.scored_time) is None or scored < newest:
            await asyncio.sleep(0.005)
