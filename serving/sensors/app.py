"""The sensors service's application.

Belongs here: what it is made of, its start and its end. Doesn't belong here: routes.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from plant_assets.profile.load import ProfileError, load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from plant_assets.simulation.origin import OriginError, OriginNote
from serving import errors
from serving.sensors.clock import PlantClock
from serving.sensors.flush import Flusher
from serving.sensors.plant import IntervalError, LivePlant
from serving.sensors.routes import router
from serving.sensors.runner import Runner
from serving.sensors.state import StateError, StateFile
from serving.settings import Settings, settings
from serving.telemetry import install as telemetry
from serving.telemetry.traces import telemetry_config

log = logging.getLogger("serving")


def create_app(given: Settings | None = None) -> FastAPI:
    """The application; the plant lives while it runs.

    Args:
        given: settings; those of the environment by default.

    Raises:
        SettingsError: a setting is wrong, or the plant isn't there.
    """
    here = given or settings()
    profile = _profile(here)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runner = await asyncio.to_thread(_runner, here, profile)
        life = asyncio.create_task(runner.run())
        life.add_done_callback(_note_death)
        app.state.runner, app.state.life = runner, life
        yield
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
        runner.close()

    # The page of the API must open in a control room without internet.
    app = FastAPIOffline(
        title="Forewarn sensors", version="1", lifespan=lifespan, telemetry=telemetry_config()
    )
    app.state.flush_hours = here.live_flush_hours if profile.simulated else 0
    errors.install(app)
    app.include_router(router)
    telemetry.install(app)
    return app


def _profile(here: Settings) -> PlantProfile:
    try:
        return load_profile(here.sensors_plant, here.defs)
    except ProfileError as error:
        raise SettingsError(f"FOREWARN_SENSORS_PLANT: {error}") from None


def _runner(here: Settings, profile: PlantProfile) -> Runner:
    """The plant where it stopped, or a new one.

    Raises:
        SettingsError: its state can't be gone on from.
    """
    folder = here.home / "sensors"
    try:
        state_file = StateFile(folder, profile.name)
        origin = OriginNote(folder, profile.name).read_or_found(here.sensors_seed, datetime.now(UTC))
        plant = LivePlant(profile, origin, state_file.read(profile.tag_names))
    except (OriginError, StateError, IntervalError) as error:
        raise SettingsError(str(error)) from None
    interval_h = profile.sampling.interval.total_seconds() / 3600
    clock = PlantClock(here.plant_speed, interval_h, plant.position)
    return Runner(plant, clock, state_file, Flusher(here.drop / profile.name, here.live_flush_hours))


def _note_death(life: "asyncio.Task[None]") -> None:
    if not life.cancelled() and (error := life.exception()) is not None:
        log.error("the plant lives no more", exc_info=error)
