"""The live service in a process that kills itself at a step on the disk; the server of `fork_server.py` has this loaded."""

import asyncio
import io
import os
import sys
from pathlib import Path
from typing import IO, Any

import alembic.command
import sqlalchemy.dialects.sqlite
from fastapi import FastAPI
from sqlalchemy import Engine, event

from serving.live.app import run_parts
from serving.settings import ServingSettings
from tests.reliability.fork_server import KillSwitch
from tests.reliability.live_child import readings_of
from tests.serving.mlflow_fake import FakeMlflow

LOADED = alembic.command, sqlalchemy.dialects.sqlite
_STEPS = ("os.mkdir", "os.link", "os.rename", "os.remove")


def live(settings: ServingSettings, plant: str, records: Path, drops: int, die_at: int) -> None:
    """Take a plant's records, which nobody scores, until they became so many drops, and stop as a service does.

    Args:
        settings: of the service.
        plant: its name.
        records: a Parquet file of timestamp, tag and value, by time.
        drops: that the folder holds in the end.
        die_at: the step at which it is killed: each commit, and in the drop folder each folder made, and each file opened
            for writing (before and after, when it is empty), synchronised, linked, moved or removed.
    """
    switch = KillSwitch(die_at)
    event.listen(Engine, "commit", switch.step)
    _watch(switch, (str(settings.drop),))
    asyncio.run(_live(settings, plant, records, drops))


async def _live(settings: ServingSettings, plant: str, records: Path, drops: int) -> None:
    app = FastAPI()
    app.state.settings = settings
    async with run_parts(app, settings, FakeMlflow()):
        while app.state.role.fault:
            await asyncio.sleep(0.01)
        await app.state.reconciler.refresh()
        await app.state.intake.receive(plant, "test", readings_of(records))
        folder = settings.drop / plant
        while not folder.exists() or len(list(folder.glob("live-*.parquet"))) < drops:
            await asyncio.sleep(0.005)


def _watch(switch: KillSwitch, folders: tuple[str, ...]) -> None:
    def hear(event: str, given: tuple[object, ...]) -> None:
        if event in _STEPS and is_inside(given[0]):
            switch.step()

    def is_inside(path: object) -> bool:
        return str(path).startswith(folders)

    def open_watched(file: Any, mode: str = "r", *given: Any, **named: Any) -> IO[Any]:
        is_step = is_inside(file) and set(mode) & set("wxa+")
        if is_step:
            switch.step()
        opened = open_file(file, mode, *given, **named)
        if is_step:
            switch.step()
        return opened

    def synchronise_watched(descriptor: int) -> None:
        switch.step()
        synchronise(descriptor)

    open_file, synchronise = io.open, os.fsync
    io.open, os.fsync = open_watched, synchronise_watched
    sys.addaudithook(hear)
