"""The gateway's application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
from fastapi import FastAPI

from serving.events.log import EventLog
from serving.gateway import health, problems, screen
from serving.gateway.accounts import routes as accounts
from serving.gateway.accounts.passwords import PasswordHasher
from serving.gateway.accounts.rate_limits import AttemptLimiter
from serving.gateway.accounts.service import AccountService
from serving.gateway.accounts.sessions import SessionStore
from serving.gateway.accounts.tokens import AccessTokens
from serving.gateway.background.tasks import BackgroundTasks
from serving.gateway.connections import routes as connections
from serving.gateway.connections.service import LIVE, ConnectionDirectory
from serving.gateway.drift import routes as drift
from serving.gateway.drift.service import DriftService
from serving.gateway.drivers import routes as drivers
from serving.gateway.drivers.service import DriverService
from serving.gateway.drops import routes as drops
from serving.gateway.drops.dagster import PipelineRuns
from serving.gateway.drops.ledger import LedgerReader
from serving.gateway.drops.preview import FilePreviewer
from serving.gateway.event_types import EVENT_STREAM
from serving.gateway.events import routes as events
from serving.gateway.events.hub import EventHub
from serving.gateway.events.tail import follow_events
from serving.gateway.exports import routes as exports
from serving.gateway.exports.service import TableExporter
from serving.gateway.history import routes as history
from serving.gateway.history.service import HistoryStore
from serving.gateway.infer import routes as infer
from serving.gateway.live import routes as live_routes
from serving.gateway.models import routes as models
from serving.gateway.models.mlflow import MlflowClient
from serving.gateway.models.service import ModelService
from serving.gateway.plants import routes as plants
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.plants.service import PlantDirectory
from serving.gateway.readings.reader import LiveReader
from serving.gateway.replay import routes as replay
from serving.gateway.replay.loader import HistoryLoader
from serving.gateway.sensors import routes as sensors_routes
from serving.gateway.upstream import LIMITS, TIMEOUT, ServiceClient
from serving.gateway.warnings import routes as warnings
from serving.gateway.warnings.groups import WarningGroups
from serving.gateway.warnings.service import WarningService
from serving.secret_file import load_secret
from serving.settings import ServingSettings, read_settings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate
from serving.telemetry import install as telemetry
from serving.telemetry.correlation import bring_served_by, carry_request_id
from serving.web.app import new_app
from serving.web.tasks import beside

ROUTERS = (
    accounts.router,
    accounts.users_router,
    plants.router,
    replay.router,
    connections.router,
    sensors_routes.router,
    infer.router,
    history.router,
    live_routes.router,
    drivers.router,
    warnings.router,
    drops.router,
    exports.router,
    models.router,
    drift.router,
    health.router,
)


def create_app(
    given: ServingSettings | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    has_tasks: bool = True,
) -> FastAPI:
    """The application; nothing is read or written before it runs.

    By default with the environment's settings, other services over the network, and what it does unasked.

    Raises:
        SettingsError: a setting is wrong.
    """
    settings = given or read_settings()
    database_url(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with run_parts(app, settings, transport, has_tasks=has_tasks):
            yield

    app = new_app("Forewarn gateway", settings, lifespan)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(events.router, responses=EVENT_STREAM)
    screen.install(app, settings.ui)
    telemetry.install(app)
    return app


def prepare(settings: ServingSettings) -> str:
    """Bring the gateway's state into order before it starts; does nothing where it is.

    Returns:
        the secret.

    Raises:
        SettingsError: the database or the secret can't be used.
    """
    secret = load_secret(settings.home / "gateway" / "secret", "all users have to log in again")
    migrate(database_url(settings))
    return secret


@contextlib.asynccontextmanager
async def run_parts(
    app: FastAPI,
    settings: ServingSettings,
    transport: httpx.AsyncBaseTransport | None,
    *,
    has_tasks: bool = True,
) -> AsyncIterator[None]:
    """The parts that routes find at the application, from start to end.

    Raises:
        SettingsError: the database or the secret can't be used.
    """
    secret = await asyncio.to_thread(prepare, settings)
    database, passwords = Database(database_url(settings)), PasswordHasher()
    await passwords.warm()
    access_tokens = AccessTokens(secret, timedelta(minutes=settings.access_token_minutes))
    # Proxies of the environment are for addresses outside.
    client = httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUT,
        limits=LIMITS,
        trust_env=False,
        event_hooks={"request": [carry_request_id], "response": [bring_served_by]},
    )
    log, hub = EventLog(database, settings.event_rows, settings.outbox_rows), EventHub()
    profiles = PlantProfiles(settings.defs)
    tasks = BackgroundTasks(settings, database, log, client)
    inference = ServiceClient("inference", settings.inference_address, client)
    sensors = ServiceClient("sensors", settings.sensors_address, client)
    live = ServiceClient(LIVE, settings.live_address, client, is_optional=True)
    reader = LiveReader(live, settings.sensors_plant)
    dagster = ServiceClient("dagster", settings.dagster_address, client)
    mlflow = MlflowClient(settings.mlflow_address, client)
    try:
        async with (
            client,
            follow_events(log, hub),
            beside(tasks.run()) if has_tasks else contextlib.nullcontext(),
        ):
            state = app.state
            state.database = database
            state.write_check = health.WriteCheck()
            state.accounts = AccountService(database, passwords)
            state.sessions = SessionStore(
                database, secret, access_tokens, timedelta(days=settings.refresh_token_days)
            )
            state.attempts = AttemptLimiter(database, settings)
            state.history = HistoryStore(database, settings.history_rows)
            state.inference = inference
            state.sensors = sensors
            state.profiles = profiles
            state.plants = PlantDirectory(profiles, settings, inference, reader)
            state.events = log
            state.hub = hub
            state.live = live
            state.live_reader = reader
            state.connections = ConnectionDirectory(live)
            state.drivers = DriverService(database, reader, inference)
            state.warnings = WarningService(database, log, timedelta(hours=settings.shelve_most_hours))
            state.warning_groups = WarningGroups(database, log)
            state.drop_ledger = LedgerReader(settings)
            state.file_previewer = FilePreviewer(settings)
            state.table_exporter = TableExporter(settings)
            state.history_loader = HistoryLoader(settings, profiles, state.table_exporter)
            state.pipeline_runs = PipelineRuns(dagster, settings.dagster_address)
            state.models = ModelService(profiles, settings, mlflow, inference, log)
            state.drift = DriftService(profiles, settings, mlflow, dagster)
            yield
    finally:
        await database.close()
