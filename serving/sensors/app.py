"""The sensors service's application."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import FastAPI

from plant_assets.profile.load import ProfileError, load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from plant_assets.simulation.origin import OriginError, OriginNote, PlantOrigin
from serving.sensors.clock import PlantClock
from serving.sensors.plant import IntervalError, LivePlant, check_interval
from serving.sensors.publishing import OpenPublisher, publisher_of
from serving.sensors.routes import router
from serving.sensors.runner import PlantRunner
from serving.sensors.state import PlantState, StateError, StateFile
from serving.settings import ServingSettings, read_settings
from serving.telemetry import install as telemetry
from serving.web.app import new_app
from serving.web.tasks import beside

log = logging.getLogger("serving")


def create_app(given: ServingSettings | None = None, open_publisher: OpenPublisher | None = None) -> FastAPI:
    """The application; the plant lives while it runs.

    By default with the environment's settings, and readings are published as these say.

    Raises:
        SettingsError: a setting is wrong, or the plant isn't there.
    """
    settings = given or read_settings()
    profile = _profile(settings)
    publisher = open_publisher or publisher_of(settings, profile.name)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runner = await asyncio.to_thread(_runner, settings, profile, publisher)
        with contextlib.closing(runner):
            async with beside(runner.run()) as life:
                life.add_done_callback(_log_death)
                app.state.runner, app.state.life = runner, life
                yield

    app = new_app("Forewarn sensors", settings, lifespan)
    app.state.flush_hours = settings.live_flush_hours
    app.include_router(router)
    telemetry.install(app)
    return app


def prepare(settings: ServingSettings) -> None:
    """Look at the plant's state before the service starts.

    Raises:
        SettingsError: it can't be gone on from.
    """
    profile = _profile(settings)
    publisher_of(settings, profile.name)
    _restore(settings, profile)


def _profile(settings: ServingSettings) -> PlantProfile:
    try:
        profile = load_profile(settings.sensors_plant, settings.defs)
        check_interval(profile)
    except (ProfileError, IntervalError) as error:
        raise SettingsError(f"FOREWARN_SENSORS_PLANT: {error}") from None
    if not profile.simulated:
        # Scores, warnings and labels of made-up readings would stand among those of the real plant.
        raise SettingsError(
            f"FOREWARN_SENSORS_PLANT: plant {profile.name} is a real one; expected a plant whose profile says "
            "'simulated: true', such as demo"
        )
    return profile


def _restore(
    settings: ServingSettings, profile: PlantProfile
) -> tuple[PlantOrigin, PlantState | None, StateFile]:
    """The plant's origin, where it stopped, and where that is kept.

    Raises:
        SettingsError: it can't be gone on from, or not be written.
    """
    folder = settings.home / "sensors"
    try:
        state_file = StateFile(folder, profile.name)
        origin = OriginNote(folder, profile.name).read_or_found(
            settings.sensors_seed, datetime.now(UTC), profile.simulation.past_days
        )
        return origin, state_file.read(profile.tag_names), state_file
    except (OriginError, StateError) as error:
        raise SettingsError(str(error)) from None
    except OSError as error:
        raise SettingsError(f"FOREWARN_HOME: {folder} is not usable: {error.strerror}") from None


def _runner(settings: ServingSettings, profile: PlantProfile, open_publisher: OpenPublisher) -> PlantRunner:
    """The plant where it stopped, or a new one."""
    origin, state, state_file = _restore(settings, profile)
    plant = LivePlant(profile, origin, state)
    interval_h = profile.sampling.interval.total_seconds() / 3600
    clock = PlantClock(settings.plant_speed, interval_h, plant.position)
    return PlantRunner(plant, clock, state_file, open_publisher)


def _log_death(life: "asyncio.Task[None]") -> None:
    if not life.cancelled() and (error := life.exception()) is not None:
        log.error("the simulated plant stopped", exc_info=error)
