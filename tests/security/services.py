"""The services as they run: real servers on loopback over temporary folders, their neighbours faked.

Belongs here: how each is started for a test, and who asks. Doesn't belong here: what is asked.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
from fastapi import FastAPI, Response
from tenacity import retry, retry_if_not_result, stop_after_delay, wait_fixed

from plant_assets.models.spec import CHAMPION, model_spec
from plant_assets.profile.load import load_profile
from serving.gateway.accounts.passwords import PasswordHasher
from serving.gateway.accounts.service import AccountService
from serving.gateway.app import create_app as gateway_app
from serving.inference.app import create_app as inference_app
from serving.live.app import create_app as live_app
from serving.live.sources.push.tokens import TokenStore
from serving.sensors.app import create_app as sensors_app
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.web.bounded_http import BoundedHttp
from tests.bundle.factories import bundle_folder, deviation_folder
from tests.servers import running_app
from tests.serving.gateway.drops.fake_dagster import RUN_ID, FakeDagster
from tests.serving.gateway.fakes import FakeInference, FakeLive, FakeSensors, Network
from tests.serving.gateway.models.fake_mlflow import SERVED
from tests.serving.gateway.models.fake_mlflow import FakeMlflow as GatewaysMlflow
from tests.serving.mlflow_fake import FakeMlflow

NAMES = ("inference", "gateway", "sensors", "live")
PASSWORD = "horses never staple twice"
"""Another one than the documents' examples have, by which a test could log in."""
ENDLESS = frozenset({"/events", "/sensors/events"})
"""Streams, which end when the client goes."""


@dataclass
class Service:
    """One service that listens.

    Attributes:
        address: `http://127.0.0.1:port`.
        headers: of somebody who may do everything; empty where nobody logs in.
        known: values of path parameters that lead somewhere.
    """

    name: str
    app: FastAPI
    address: str
    headers: dict[str, str] = field(default_factory=dict)
    known: dict[str, str | int] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=self.headers, trust_env=False, timeout=30)


@contextmanager
def running(name: str, folder: Path) -> Iterator[Service]:
    """A service, ready, as `python -m serving` runs it but for its process."""
    app = _MADE[name](folder)
    with listening(app) as address:
        service = Service(name, app, address)
        with service.client() as client:
            _until_ready(client)
        if name == "gateway":
            service.headers = _admin(service)
        if name == "live":
            service.headers = _site(service)
        service.known = _known(service)
        yield service


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """An app served by a thread, with the project's own HTTP bounds."""
    bounds = {"http": BoundedHttp, "ws": "none", "log_config": None, "log_level": None}
    with running_app(app, **bounds, server_header=False) as place:
        yield f"http://{place}"


def settings_in(folder: Path) -> ServingSettings:
    """Settings of a test's own, with small bodies and no limit on log-ins that a test would meet."""
    return ServingSettings(
        home=folder / "home",
        drop=folder / "drop",
        poll_seconds=3600,
        max_body_mb=1,
        upload_mb=1,
        plant_speed=0,
        live_url="http://127.0.0.1:1",
        logins_per_minute=10_000,
        registrations_per_hour=10_000,
    )


@cache
def documented_app(name: str) -> FastAPI:
    """A service's application, which doesn't run."""
    return _MADE[name](Path("nowhere"))


def operations(name: str) -> list[tuple[str, str, dict]]:
    """Method, path template and operation of each route, without streams; what deletes comes last."""
    found = [
        (method.upper(), path, operation)
        for path, methods in documented_app(name).openapi()["paths"].items()
        for method, operation in methods.items()
        if path not in ENDLESS
    ]
    return sorted(found, key=lambda operation: operation[0] == "DELETE")


def all_operations() -> list[tuple[str, str, str, dict]]:
    """Those of all services, each after its service's name."""
    return [(name, *operation) for name in NAMES for operation in operations(name)]


def _inference(folder: Path) -> FastAPI:
    fake = FakeMlflow()
    if folder.exists():
        profile = load_profile("gas_treatment")
        for name, kind in (("champion", "logistic"), ("forecaster_1h", "xgboost")):
            spec = CHAMPION if name == "champion" else model_spec(name, profile)
            bundle = bundle_folder(profile, folder / name, kind, spec)
            fake.publish(f"{profile.registry_prefix}{name}", 1, bundle, "champion")
        regimes = bundle_folder(
            profile, folder / "regimes", "multinomial", model_spec("regime_classifier", profile), slope=0
        )
        fake.publish(f"{profile.registry_prefix}regime_classifier", 1, regimes, "champion")
        deviation = deviation_folder(profile, folder / "deviation")
        fake.publish(f"{profile.registry_prefix}deviation_predictor", 1, deviation, "champion")
    return inference_app(settings_in(folder), transport=fake)


def _gateway(folder: Path) -> FastAPI:
    here = settings_in(folder)
    served = Response(json.dumps({"models": [SERVED]}))
    services = {
        here.port_inference: FakeInference({"models": served}).app,
        here.port_sensors: FakeSensors().app,
        here.port_live: FakeLive().app,
        here.port_dagster: FakeDagster().app,
        here.port_mlflow: GatewaysMlflow().app,
    }
    return gateway_app(here, transport=Network(services), has_tasks=False)


def _sensors(folder: Path) -> FastAPI:
    return sensors_app(settings_in(folder))


def _live(folder: Path) -> FastAPI:
    return live_app(settings_in(folder), transport=FakeMlflow())


_MADE: dict[str, Callable[[Path], FastAPI]] = {
    "inference": _inference,
    "gateway": _gateway,
    "sensors": _sensors,
    "live": _live,
}


@retry(retry=retry_if_not_result(bool), stop=stop_after_delay(60), wait=wait_fixed(0.05))
def _until_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/ready").status_code == 200
    except httpx.TransportError:
        return False


def _admin(service: Service) -> dict[str, str]:
    """Logged in as an administrator, who is made as `forewarn user add` makes one."""

    async def add() -> None:
        database = Database(database_url(service.app.state.settings))
        await AccountService(database, PasswordHasher()).add("maria", PASSWORD, "admin")
        await database.close()

    asyncio.run(add())
    with service.client() as client:
        answer = client.post("/auth/login", json={"name": "maria", "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _site(service: Service) -> dict[str, str]:
    """A program of the gas treatment unit's site, whose token is made as `forewarn token add` makes one."""

    async def add() -> str:
        database = Database(database_url(service.app.state.settings))
        _, token = await TokenStore(database).add("gas_treatment")
        await database.close()
        return token

    return {"Authorization": f"Bearer {asyncio.run(add())}"}


def _known(service: Service) -> dict[str, str | int]:
    with service.client() as client:
        if service.name == "inference":
            answer = client.post("/predict", json={"features": {"PDT31008": 210.0}})
            names = {"plant": "gas_treatment", "name": "plant_alarm_champion", "version": "1"}
            return {**names, "prediction_id": answer.json()["prediction_id"]}
        if service.name == "gateway":
            entry = client.post("/infer/predict", json={"features": {"PDT31008": 210.0}}).json()
            names = {"entry_id": entry["history_id"], "prediction_id": entry["prediction_id"]}
            return {"user_id": 1, "run_id": RUN_ID, **names}
    return {"plant": "gas_treatment"} if service.name == "live" else {}
