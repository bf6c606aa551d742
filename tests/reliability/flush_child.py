"""The sensors service in a process that kills itself at a step on the disk; the server of `fork_server.py` has this loaded."""

import asyncio
import io
import os
import sys
from typing import IO, Any

import plant_assets.simulation.scenarios
from serving.sensors.app import create_app
from serving.settings import ServingSettings
from tests.reliability.fork_server import KillSwitch

LOADED = plant_assets
_STEPS = ("os.mkdir", "os.link", "os.rename", "os.remove")


def live(settings: ServingSettings, rows: int, die_at: int) -> None:
    """Live until so many rows of the plant became drops, and stop as a service does.

    Args:
        settings: of the service.
        rows: since the plant's start.
        die_at: the step at which it is killed; in the home and the drop folder each folder made, and each file opened
            for writing (before and after, when it is empty), synchronised, linked, moved or removed.
    """
    _watch(KillSwitch(die_at), (str(settings.home), str(settings.drop)))
    asyncio.run(_live(settings, rows))


async def _live(settings: ServingSettings, rows: int) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        while app.state.runner.plant.flushed < rows:
            await asyncio.sleep(0.001)


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
