"""A live service of its own, into which a history is pushed.

Belongs here: its folder, its settings, feeding it until it has scored every row. Doesn't belong here: how records travel
(`feeds.py`), what is compared (`verdict.py`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes

import httpx
from fastapi import FastAPI

from plant_assets.profile.live import LiveOptions
from plant_assets.profile.load import PLANT_TYPE
from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.prediction_id import PredictionIds
from serving.live.app import create_app
from serving.live.plants.scoring import LoadedModels, ServedModels
from serving.live.proof.recorder import LiveRecord, RecordedModels, RowRecorder
from serving.live.sources.board import CONNECTED
from serving.settings import ServingSettings

STALLED_S = 60.0
"""A service that takes and scores nothing for so long will not go on."""
LOOK_EVERY_S = 0.05
MOST_ROWS = 10_000_000


class ProofError(RuntimeError):
    """A replay that can't be compared; one sentence that says why."""


@dataclass(slots=True)
class ProofService:
    """A running live service, and what it makes of a plant's rows."""

    app: FastAPI
    profile: PlantProfile
    settings: ServingSettings
    record: LiveRecord = field(default_factory=LiveRecord)

    @property
    def arrived(self) -> int:
        """Records that sources have brought so far, refused ones too."""
        return sum(
            status.received + status.refused
            for status in self.app.state.sources.sources.values()
            if status.plant
        )

    async def models(self) -> LoadedModels:
        """The models that it serves.

        Raises:
            ProofError: there are none; says why.
        """
        ids = PredictionIds(token_bytes(32))
        plant = RequestedPlant(self.app.state.reconciler, self.settings, ids, self.profile.name)
        try:
            return await ServedModels(plant).ready()
        except Problem as problem:
            raise ProofError(problem.detail) from None

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises:
            ProofError: nothing has arrived and nothing was scored for long.
        """
        loop = asyncio.get_running_loop()
        seen, since = (-1, -1), loop.time()
        while not is_so():
            if (now := (self.arrived, len(self.record.rows))) != seen:
                seen, since = now, loop.time()
            elif loop.time() - since > STALLED_S:
                raise ProofError(
                    f"the live service has stopped after {seen[0]:,} records and {seen[1]:,} rows: {self._state()}"
                )
            await asyncio.sleep(LOOK_EVERY_S)

    async def until_connected(self, kind: str) -> None:
        """Wait until the sources of a kind, if there are any, are connected.

        Raises:
            ProofError: they don't connect.
        """
        board = self.app.state.sources.sources
        await self.until(lambda: all(one.state == CONNECTED for one in board.values() if one.kind == kind))

    async def finish(self, sent: int, end_us: int) -> None:
        """Wait until so many records have arrived and the rows before a time are scored.

        Raises:
            ProofError: it doesn't get there.
        """
        await self.until(lambda: self.arrived >= sent)
        self.app.state.intake.note_time(self.profile.name, "end of the replay", end_us)
        step_us = round(self.profile.sampling.interval.total_seconds() * 1e6)
        await self.until(lambda: max(self.record.rows, default=0) >= end_us - step_us)

    def _state(self) -> str:
        watch = self.app.state.watches.watches.get(self.profile.name)
        sources = [
            f"{one.name}: {one.last_error or one.state}" for one in self.app.state.sources.sources.values()
        ]
        return "; ".join([f"plant: {watch.status.role if watch else 'not watched'}", *sources])


@asynccontextmanager
async def proof_service(
    home: Path,
    profile: PlantProfile,
    settings: ServingSettings,
    live: LiveOptions,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[ProofService]:
    """A live service in a folder, of one plant, with the models that the settings' MLflow serves; nothing else of them is used.

    Args:
        home: an empty folder.
        profile: of the plant.
        settings: of the installation, with the broker, if the source needs one.
        live: how the plant's readings come.
        transport: to MLflow; by default over the network.

    Raises:
        ProofError: the plant has no models that could score.
    """
    own = profile.model_copy(update={"live": live})
    write_plant(home / "defs", own)
    alone = own_settings(settings, home, own.name)
    record = LiveRecord()
    app = create_app(
        alone,
        transport,
        models_of=partial(RecordedModels, record=record),
        writer_of=partial(RowRecorder, record=record),
    )
    async with app.router.lifespan_context(app):
        service = ProofService(app, own, alone, record)
        await app.state.reconciler.refresh()
        await service.until(lambda: not app.state.role.fault)
        await service.models()
        yield service


def write_plant(folder: Path, profile: PlantProfile) -> None:
    """Write a profile as a folder of plants has it."""
    path = folder / profile.name / "defs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"type": PLANT_TYPE, "attributes": profile.model_dump(mode="json")}
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")  # JSON is YAML


def own_settings(settings: ServingSettings, home: Path, plant: str) -> ServingSettings:
    """Settings of a service that touches nothing of the installation, and delivers to nobody."""
    nothing = {
        "database_url": "",
        "lake": "",
        "tsdb_url": "",
        "tsdb_token_file": None,
        "sparkplug_edge": "",
        "opcua_port": None,
    }
    return settings.model_copy(
        update=nothing
        | {
            "home": home / "home",
            "defs": home / "defs",
            "drop": home / "drop",
            "mlflow_url": settings.mlflow_address,
            "opcua_files": None,
            "default_plant": plant,
            "live_plants": (plant,),
            "live_flush_hours": 0,
            "live_score_rows": MOST_ROWS,
            "poll_seconds": 3600.0,
        }
    )
