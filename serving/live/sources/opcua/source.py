"""Readings from OPC UA servers: a reader for each plant with a `live.opcua`, as the profiles are now.

Belongs here: which readers run. Doesn't belong here: reading (`reader.py`).
"""

import asyncio

from plant_assets.profile.model import PlantProfile
from serving.live.intake import LiveIntake
from serving.live.sources.board import SourceBoard
from serving.live.sources.opcua.reader import KIND, LOOK_EVERY_S, OpcuaReader
from serving.settings import ServingSettings


class OpcuaSource:
    """All readers.

    Args:
        intake: where readings go.
        board: where their states are shown, a line a plant.
        settings: where files with secrets are.
    """

    def __init__(self, intake: LiveIntake, board: SourceBoard, settings: ServingSettings) -> None:
        self._intake = intake
        self._board = board
        self._settings = settings
        self._readers: dict[str, tuple[PlantProfile, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Run a reader for each plant until cancelled; one whose profile changed begins anew."""
        try:
            while True:
                await self._match()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._end(list(self._readers))

    async def _match(self) -> None:
        wanted = {name: p for name, p in self._intake.plants().items() if p.live.opcua is not None}
        changed = [name for name, (profile, _) in self._readers.items() if wanted.get(name) is not profile]
        await self._end(changed)
        for name, profile in wanted.items():
            if name not in self._readers:
                status = self._board.register(f"{KIND}/{name}", KIND, name)
                reader = OpcuaReader(profile, self._intake, status, self._settings)
                self._readers[name] = profile, asyncio.create_task(reader.run())
        for _, task in self._readers.values():
            if task.done():
                task.result()  # a fault of ours: whoever runs the sources is told

    async def _end(self, names: list[str]) -> None:
        tasks = [self._readers.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
