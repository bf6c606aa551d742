"""The inference service's application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
from fastapi import APIRouter, Depends, FastAPI

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.inference.batch.routes import router as batch
from serving.inference.batch.service import BatchWorkers
from serving.inference.deviation.routes import router as deviation
from serving.inference.explain.routes import router as explain
from serving.inference.forecast.routes import router as forecast
from serving.inference.lineage.routes import router as lineage
from serving.inference.lineage.service import LineageTracer
from serving.inference.metrics import ModelsCollector, ScoreMetrics
from serving.inference.models.cache import ModelCache
from serving.inference.models.dependencies import named_plant
from serving.inference.models.reconciler import ModelReconciler, model_names
from serving.inference.models.routes import named_router, service_router
from serving.inference.models.routes import router as models
from serving.inference.models.training import MissingModelTrainer
from serving.inference.predict.routes import router as predict
from serving.inference.prediction_id import PredictionIds
from serving.inference.regime.routes import router as regime
from serving.inference.v2.routes import router as v2
from serving.plant_folder import PlantFolder
from serving.registry import RegistryClient
from serving.secret_file import load_secret
from serving.settings import ServingSettings, read_settings
from serving.telemetry import install as telemetry
from serving.telemetry.metrics import app_registry
from serving.web.app import new_app
from serving.worker import worker_number

MLFLOW_TIMEOUT_S = 5.0
DEVIATION = "deviation_predictor"
"""Foretells a set point's deviation, which is no risk."""
LOST_KEY = "earlier predictions can no longer be traced"

plant_router = APIRouter()
"""The routes of one plant, which stand twice: for the default plant at the root, and for each under its name."""
for step in (models, predict, forecast, batch, regime, deviation, explain, lineage):
    plant_router.include_router(step)


def create_app(
    given: ServingSettings | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The application; its models load once it runs.

    By default with the environment's settings, and MLflow over the network.

    Raises:
        SettingsError: a setting is wrong, or the default plant or its chosen model isn't there.
    """
    settings = given or read_settings()
    plants = PlantFolder(settings.defs, _check_rules)
    plants.poll()
    known = {*plants.profiles, *plants.faults}
    if settings.default_plant not in known:
        raise SettingsError(
            f"FOREWARN_DEFAULT_PLANT: no plant {settings.default_plant!r}; expected one of {', '.join(sorted(known))}"
        )
    _chosen_model(settings, plants)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _run_parts(app, settings, plants, transport):
            yield

    app = new_app("Forewarn inference", settings, lifespan, has_health=True)
    app.include_router(service_router)
    app.include_router(plant_router, tags=["the default plant"])
    for routes in (named_router, plant_router):
        app.include_router(
            routes, prefix="/plants/{plant}", dependencies=[Depends(named_plant)], tags=["a plant"]
        )
    app.include_router(v2)
    _install_telemetry(app)
    return app


def prepare(settings: ServingSettings) -> str:
    """Bring the service's state into order before it starts; does nothing where it is.

    Returns:
        the secret that names of predictions are signed with.

    Raises:
        SettingsError: the secret can't be used.
    """
    return load_secret(settings.prediction_key, LOST_KEY)


@contextlib.asynccontextmanager
async def _run_parts(
    app: FastAPI,
    settings: ServingSettings,
    plants: PlantFolder,
    transport: httpx.AsyncBaseTransport | None,
) -> AsyncIterator[None]:
    """The parts that routes find at the application, from start to end."""
    app.state.ids = PredictionIds(sha256(prepare(settings).encode()).digest())
    async with contextlib.AsyncExitStack() as stack:
        number = stack.enter_context(worker_number(settings.workers_folder)) if settings.workers > 1 else 0
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=settings.mlflow_address,
                timeout=MLFLOW_TIMEOUT_S,
                transport=transport,
                trust_env=False,
            )
        )
        registry = RegistryClient(client)
        app.state.tracer = LineageTracer(registry, settings.mlflow_address, settings.dagster_address)
        app.state.reconciler = ModelReconciler(
            plants,
            registry,
            _models_folder(settings, number),
            ModelCache(settings.most_loaded_bytes),
            poll_seconds=settings.poll_seconds,
            first=settings.default_plant,
            answers=_chosen_model(settings, plants),
        )
        app.state.batch_workers = workers = BatchWorkers()
        tasks = [asyncio.create_task(app.state.reconciler.run())]
        if settings.train_if_missing and number == 0:
            trainings = MissingModelTrainer(
                app.state.reconciler, settings.default_plant, settings.drop, settings.home / "logs"
            )
            tasks.append(asyncio.create_task(trainings.run()))
        yield
        workers.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _models_folder(settings: ServingSettings, number: int) -> Path:
    """Where a worker's copies of bundles lie; one may follow an alias, and delete old copies, before the others."""
    return settings.models_folder.with_name(f"models-{number}") if number else settings.models_folder


def _chosen_model(settings: ServingSettings, plants: PlantFolder) -> str:
    """The default plant's model that MODEL_NAME names, by its name in the plant or in the registry; empty: none.

    Raises:
        SettingsError: the plant has no such model.
    """
    profile = plants.profiles.get(settings.default_plant)
    if not settings.model_name or profile is None:
        return ""
    names = [name for name in model_names(profile) if name != DEVIATION]
    chosen = settings.model_name.removeprefix(profile.registry_prefix)
    if chosen not in names:
        raise SettingsError(
            f"MODEL_NAME: plant {profile.name} has no {settings.model_name!r} that says a risk; "
            f"expected one of {', '.join(names)}"
        )
    return chosen


def _install_telemetry(app: FastAPI) -> None:
    registry = app_registry()
    registry.register(ModelsCollector(lambda: getattr(app.state, "reconciler", None)))
    telemetry.install(app, registry, (ScoreMetrics(registry).observe,))


def _check_rules(profile: PlantProfile, path: Path) -> None:
    from plant_assets.features.rules import check_rules_of

    check_rules_of(profile, path)
