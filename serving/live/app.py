"""The live service's application: readings of any plant come in, scores and warnings go out.

Belongs here: its parts, and what runs beside what. Doesn't belong here: the parts.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from hashlib import sha256
from pathlib import Path

import httpx
from fastapi import FastAPI
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from plant_assets.ingest.grid.newest import NEWEST_FILE
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.broker.address import read_broker
from serving.events.log import EventLog
from serving.inference.models.cache import ModelCache
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.prediction_id import PredictionIds
from serving.live import routes
from serving.live.inbox.inbox import ReadingInbox
from serving.live.intake import LiveIntake
from serving.live.outputs.assembly import open_outputs, read_outputs
from serving.live.plants.drops import DropFlusher
from serving.live.plants.past import DroppedPast
from serving.live.plants.scoring import PlantModels, ServedModels
from serving.live.plants.watch import PlantWatch
from serving.live.plants.watches import PlantWatches
from serving.live.plants.writer import RowWriter
from serving.live.role import STARTING, WAITING, LiveRole
from serving.live.sources.board import SourceBoard
from serving.live.sources.mqtt.source import MqttSource
from serving.live.sources.opcua.source import OpcuaSource
from serving.live.sources.push.install import install_push, start_push
from serving.live.sources.sparkplug.source import SparkplugSource
from serving.plant_folder import PlantFolder
from serving.registry import RegistryClient
from serving.secret_file import load_secret
from serving.settings import ServingSettings, read_settings
from serving.store.database import Database, database_url
from serving.store.leader import leadership
from serving.store.migrate import migrate
from serving.telemetry import install as telemetry
from serving.web.app import new_app
from serving.web.tasks import beside

MLFLOW_TIMEOUT_S = 5.0
LONGEST_PAUSE_S = 10
LOST_KEY = "earlier predictions can no longer be traced"
WORK = "watch"
"""The lock of the process that watches plants."""
ModelsOf = Callable[[RequestedPlant], PlantModels]
WriterOf = Callable[[str, ServingSettings, Database, EventLog], RowWriter]
log = logging.getLogger("serving")


def create_app(
    given: ServingSettings | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    models_of: ModelsOf = ServedModels,
    writer_of: WriterOf = RowWriter,
) -> FastAPI:
    """The application; nothing is read or written before it runs.

    By default with the environment's settings, MLflow over the network, and the models that it serves; `writer_of` makes
    the writer of a plant's rows.

    Raises:
        SettingsError: a setting is wrong.
    """
    settings = given or read_settings()
    database_url(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with run_parts(app, settings, transport, models_of, writer_of):
            yield

    app = new_app("Forewarn live", settings, lifespan, has_health=True)
    app.include_router(routes.router)
    app.include_router(routes.service_router)
    install_push(app)
    telemetry.install(app)
    return app


def prepare(settings: ServingSettings) -> str:
    """Bring the service's state into order before it starts; does nothing where it is.

    Returns:
        the secret that names of predictions are signed with.

    Raises:
        SettingsError: the database or the secret can't be used, or a plant that is chosen isn't there.
    """
    plants = PlantFolder(settings.defs)
    plants.poll()
    known = {*plants.profiles, *plants.faults}
    if unknown := [name for name in settings.live_plants if name not in known]:
        raise SettingsError(
            f"FOREWARN_LIVE_PLANTS: no plant {unknown[0]!r}; expected some of {', '.join(sorted(known))}"
        )
    read_broker(settings)
    read_outputs(settings)
    migrate(database_url(settings))
    return load_secret(settings.prediction_key, LOST_KEY)


@contextlib.asynccontextmanager
async def run_parts(
    app: FastAPI,
    settings: ServingSettings,
    transport: httpx.AsyncBaseTransport | None = None,
    models_of: ModelsOf = ServedModels,
    writer_of: WriterOf = RowWriter,
) -> AsyncIterator[None]:
    """The parts that routes find at the application, from start to end.

    Raises:
        SettingsError: the database or the secret can't be used.
    """
    ids = PredictionIds(sha256((await asyncio.to_thread(prepare, settings)).encode()).digest())
    plants = PlantFolder(settings.defs, _check_rules)
    await asyncio.to_thread(plants.poll)
    state, inbox, lake = app.state, ReadingInbox(settings), settings.lake_folder
    database = Database(database_url(settings))
    client = httpx.AsyncClient(
        base_url=settings.mlflow_address, timeout=MLFLOW_TIMEOUT_S, transport=transport, trust_env=False
    )
    try:
        async with client:
            await inbox.open()
            reconciler = ModelReconciler(
                plants,
                RegistryClient(client),
                settings.models_folder.with_name("models-live"),
                ModelCache(settings.most_loaded_bytes),
                poll_seconds=settings.poll_seconds,
                first=settings.default_plant,
            )
            events = EventLog(database, settings.event_rows, settings.outbox_rows)

            def watch_of(plant: str) -> PlantWatch:
                return PlantWatch(
                    plant,
                    models_of(RequestedPlant(reconciler, settings, ids, plant)),
                    inbox,
                    writer_of(plant, settings, database, events),
                    DropFlusher(plant, settings.drop / plant, settings.live_flush_hours, inbox),
                    DroppedPast(plant, lake / plant / NEWEST_FILE if lake else None),
                )

            state.database, state.events, state.inbox, state.reconciler = database, events, inbox, reconciler
            state.role, state.sources = LiveRole(), SourceBoard()
            state.watches = PlantWatches(reconciler, inbox, watch_of, settings.live_plants)
            state.intake = LiveIntake(plants, inbox, state.watches, state.sources, state.role)
            start_push(app, database, state.intake, state.sources)
            async with (
                open_outputs(settings, database, events, inbox, plants) as state.outputs,
                beside(reconciler.run()),
                beside(_lead(app, database_url(settings))),
            ):
                yield
    finally:
        await inbox.close()
        await database.close()


def parts_of(app: FastAPI) -> list[Coroutine[None, None, None]]:
    """What runs in the process that watches plants: their tasks, and the sources and outputs that are set up."""
    state = app.state
    settings: ServingSettings = state.settings
    broker = read_broker(settings)
    parts = [
        state.watches.run(),
        SparkplugSource(broker, settings.sparkplug_host, state.intake, state.sources).run(),
        OpcuaSource(state.intake, state.sources, settings).run(),
    ]
    if broker is not None:
        parts.append(MqttSource(broker, state.intake, state.sources, settings).run())
    parts += state.outputs.parts()
    return parts


async def _lead(app: FastAPI, url: URL) -> None:
    """Watch plants while this process holds the lock; a part that fails is told, and all begin again."""
    role: LiveRole = app.state.role

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.error("watching plants failed; beginning again", exc_info=error)
        role.fault = STARTING

    async def lead() -> None:
        role.fault = WAITING
        async with leadership(url, WORK) as watch, asyncio.TaskGroup() as tasks:
            role.fault = ""
            for work in (watch(), *parts_of(app)):
                tasks.create_task(work)

    attempts = AsyncRetrying(
        retry=retry_if_exception_type((Exception, SQLAlchemyError)),
        wait=wait_exponential_jitter(0.5, max=LONGEST_PAUSE_S),
        before_sleep=tell,
    )
    await attempts(lead)


def _check_rules(profile: PlantProfile, path: Path) -> None:
    from plant_assets.features.rules import check_rules_of

    check_rules_of(profile, path)
