"""The inference service's application.

Belongs here: what it is made of, its start and its end. Doesn't belong here: routes, models.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import httpx
from fastapi import FastAPI

from plant_assets.profile.load import ProfileError, check_registry_prefix, load_profile, plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.champion import Champions
from serving.inference.lineage import Tracer
from serving.inference.metrics import ModelsCollector, ScoreMetrics
from serving.inference.prediction_id import PredictionIds
from serving.inference.routes import routers
from serving.inference.v2.routes import v2_router
from serving.registry import RegistryClient
from serving.secret_file import load_secret
from serving.settings import Settings, settings
from serving.telemetry import install as telemetry
from serving.telemetry.metrics import app_registry
from serving.web.app import new_app

MLFLOW_TIMEOUT_S = 5.0
BATCH_THREADS = min(os.cpu_count() or 1, 4)
LOST_KEY = "predictions made before can no longer be traced"
log = logging.getLogger("serving")


def create_app(given: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; its models load once it runs.

    Args:
        given: settings; those of the environment by default.
        transport: how MLflow is reached; over the network by default.

    Raises:
        SettingsError: a setting is wrong, or the default plant isn't there.
    """
    here = given or settings()
    profiles = _sound_profiles(here.defs)
    if here.default_plant not in profiles:
        raise SettingsError(
            f"FOREWARN_DEFAULT_PLANT: no plant {here.default_plant!r}; expected one of {', '.join(profiles)}"
        )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, here, profiles, transport):
            yield

    app = new_app("Forewarn inference", lifespan)
    app.state.settings = here
    for router in routers():
        app.include_router(router)
    app.include_router(v2_router())
    _install_telemetry(app)
    return app


def prepare(here: Settings) -> str:
    """Bring the service's state into order before it starts; does nothing where it is.

    Returns:
        the secret that names of predictions are signed with.

    Raises:
        SettingsError: the secret can't be used.
    """
    return load_secret(here.prediction_key, LOST_KEY)


@contextlib.asynccontextmanager
async def _running(
    app: FastAPI,
    here: Settings,
    profiles: dict[str, PlantProfile],
    transport: httpx.AsyncBaseTransport | None,
) -> AsyncIterator[None]:
    """The parts that routes find at the application, from start to end."""
    app.state.ids = PredictionIds(sha256(prepare(here).encode()).digest())
    async with httpx.AsyncClient(
        base_url=here.mlflow_address, timeout=MLFLOW_TIMEOUT_S, transport=transport, trust_env=False
    ) as client:
        registry = RegistryClient(client)
        app.state.tracer = Tracer(registry, here.mlflow_address, here.dagster_address)
        app.state.champions = Champions(profiles, registry, here.models_folder, here.poll_seconds)
        app.state.one_batch = asyncio.Semaphore(1)
        app.state.batch_pool = pool = ThreadPoolExecutor(BATCH_THREADS, "batch")
        polling = asyncio.create_task(app.state.champions.run())
        yield
        pool.shutdown(wait=False)
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling


def _install_telemetry(app: FastAPI) -> None:
    registry = app_registry()
    registry.register(ModelsCollector(lambda: getattr(app.state, "champions", None)))
    telemetry.install(app, registry, (ScoreMetrics(registry).observe,))


def _sound_profiles(folder: Path) -> dict[str, PlantProfile]:
    """The plants whose YAML is sound; one at fault is told and left out, so that the others answer."""
    from plant_assets.features.rules import RuleError, check_rules

    found: dict[str, PlantProfile] = {}
    for name in plant_names(folder):
        try:
            profile = load_profile(name, folder)
            check_registry_prefix(profile, folder / name / "defs.yaml", first_keeps=True)
            check_rules(profile)
            found[name] = profile
        except RuleError as error:
            log.error("plant %s is left out:\n%s/defs.yaml: attributes.%s", name, name, error)
        except ProfileError as error:
            log.error("plant %s is left out:\n%s", name, error)
    return found
