"""The gateway's application.

Belongs here: what it is made of, its start and its end. Doesn't belong here: routes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
from fastapi import FastAPI

from serving.gateway import health, problems, screen
from serving.gateway.accounts import routes as accounts
from serving.gateway.accounts import users_routes as users
from serving.gateway.accounts.passwords import Passwords
from serving.gateway.accounts.service import Accounts
from serving.gateway.accounts.sessions import Sessions
from serving.gateway.database import Database, database_url
from serving.gateway.drift import routes as drift
from serving.gateway.drift.service import Drift
from serving.gateway.drivers import routes as drivers
from serving.gateway.drivers.service import Drivers
from serving.gateway.drops import routes as drops
from serving.gateway.drops.dagster import PipelineRuns
from serving.gateway.drops.manifest import DropManifest
from serving.gateway.event_types import EVENT_STREAM
from serving.gateway.events import routes as events
from serving.gateway.events.hub import Hub
from serving.gateway.events.log import EventLog
from serving.gateway.events.tail import following
from serving.gateway.history import routes as history
from serving.gateway.history.service import History
from serving.gateway.infer import routes as infer
from serving.gateway.infer.upstream import LIMITS, TIMEOUT, Upstream
from serving.gateway.live import routes as live_routes
from serving.gateway.live.loop import LiveLoop, live
from serving.gateway.live.status import LiveStatus
from serving.gateway.migrate import migrate
from serving.gateway.models import routes as models
from serving.gateway.models.mlflow import Mlflow
from serving.gateway.models.service import PlantModels
from serving.gateway.plants import live_routes as live_plant
from serving.gateway.plants import routes as plants
from serving.gateway.plants.profiles import Profiles
from serving.gateway.plants.service import Plants
from serving.gateway.rate_limits import Attempts
from serving.gateway.state import Gateway
from serving.gateway.tokens import AccessTokens
from serving.gateway.warnings import routes as warnings
from serving.gateway.warnings.service import Warnings
from serving.secret_file import load_secret
from serving.settings import Settings, settings
from serving.telemetry import install as telemetry
from serving.telemetry.outgoing import bring_served_by, carry_request_id
from serving.web.app import new_app

ROUTERS = (
    accounts.router,
    users.router,
    plants.router,
    live_plant.router,
    infer.router,
    history.router,
    live_routes.router,
    drivers.router,
    warnings.router,
    drops.router,
    models.router,
    drift.router,
    health.router,
)


def create_app(given: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; nothing is read or written before it runs.

    Args:
        given: settings; those of the environment by default.
        transport: how other services are reached; over the network by default.

    Raises:
        SettingsError: a setting is wrong.
    """
    here = given or settings()
    database_url(here)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(here, transport) as gateway:
            app.state.gateway = gateway
            yield

    app = new_app("Forewarn gateway", here, lifespan)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(events.router, responses=EVENT_STREAM)
    screen.install(app, here.ui)
    telemetry.install(app)
    return app


def prepare(here: Settings) -> str:
    """Bring the gateway's state into order before it starts; does nothing where it is.

    Returns:
        the secret.

    Raises:
        SettingsError: the database or the secret can't be used.
    """
    secret = load_secret(here.home / "gateway" / "secret", "everybody has to log in again")
    migrate(database_url(here))
    return secret


@contextlib.asynccontextmanager
async def running(
    here: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Gateway]:
    """The gateway's parts, from start to end.

    Raises:
        SettingsError: the database or the secret can't be used.
    """
    secret = await asyncio.to_thread(prepare, here)
    database, passwords = Database(database_url(here)), Passwords()
    await passwords.warm()
    access_tokens = AccessTokens(secret, timedelta(minutes=here.access_token_minutes))
    # Proxies of the environment are for addresses outside.
    client = httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUT,
        limits=LIMITS,
        trust_env=False,
        event_hooks={"request": [carry_request_id], "response": [bring_served_by]},
    )
    log, hub, status = EventLog(database, here.event_rows), Hub(), LiveStatus()
    profiles = Profiles(here.defs)
    loop = LiveLoop(here, profiles, database, log, client, status)
    inference = Upstream("inference", here.inference_address, client)
    sensors = Upstream("sensors", here.sensors_address, client)
    dagster = Upstream("dagster", here.dagster_address, client)
    mlflow = Mlflow(here.mlflow_address, client)
    try:
        async with client, following(log, hub), live(loop):
            yield Gateway(
                settings=here,
                database=database,
                accounts=Accounts(database, passwords),
                sessions=Sessions(database, secret, access_tokens, timedelta(days=here.refresh_token_days)),
                attempts=Attempts(here),
                history=History(database, here.history_rows),
                inference=inference,
                sensors=sensors,
                profiles=profiles,
                plants=Plants(profiles, here, inference),
                events=log,
                hub=hub,
                live=status,
                drivers=Drivers(database, sensors, inference),
                warnings=Warnings(database, log, timedelta(hours=here.shelve_most_hours)),
                manifest=DropManifest(here),
                pipeline_runs=PipelineRuns(dagster, here.dagster_address),
                models=PlantModels(profiles, here, mlflow, inference, log),
                drift=Drift(profiles, here, mlflow, dagster),
            )
    finally:
        await database.close()
