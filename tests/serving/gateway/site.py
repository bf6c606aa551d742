"""A running gateway for tests, and people who use it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.datastructures import State

from serving.gateway.accounts.sessions import TokenPair
from serving.gateway.accounts.tables import Role
from serving.gateway.app import create_app, run_parts
from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.store.migrate import migrate
from tests.serving.gateway.fakes import FakeInference, FakeLive, FakeSensors, Network

PASSWORD = "correct horse battery"


@dataclass
class Member:
    """Somebody who is logged in."""

    id: int
    name: str
    tokens: TokenPair
    client: httpx.AsyncClient


@dataclass
class Site:
    """A gateway with its neighbours.

    Attributes:
        client: of somebody who isn't logged in.
    """

    app: FastAPI
    client: httpx.AsyncClient
    network: Network
    inference: FakeInference
    live: FakeLive
    members: list[Member] = field(default_factory=list)

    @property
    def gateway(self) -> State:
        return self.app.state

    async def member(self, name: str, role: Role = "viewer") -> Member:
        """A new account, logged in."""
        user = await self.gateway.accounts.add(name, PASSWORD, role)
        tokens = await self.gateway.sessions.begin(user.id)
        made = Member(user.id, name, tokens, client_of(self.app, tokens.access))
        self.members.append(made)
        return made


def client_of(app: FastAPI, access_token: str = "", address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of the app that comes from `address`."""
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)


@asynccontextmanager
async def running_site(settings: ServingSettings, *, has_tasks: bool = False) -> AsyncIterator[Site]:
    """A gateway whose neighbours are fakes, and which does nothing unasked where nothing else is said."""
    inference, live = FakeInference(), FakeLive()
    network = Network(
        {
            settings.port_inference: inference.app,
            settings.port_sensors: FakeSensors().app,
            settings.port_live: live.app,
        }
    )
    app = gateway_app()
    app.state.settings = settings
    if not settings.database_url:
        path = Path(str(database_url(settings).database))
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
            path.write_bytes(migrated_database())
    async with run_parts(app, settings, network, has_tasks=has_tasks):
        site = Site(app, client_of(app), network, inference, live)
        try:
            yield site
        finally:
            for client in (site.client, *(member.client for member in site.members)):
                await client.aclose()


@cache
def gateway_app() -> FastAPI:
    """One application for all sites of this process: building its routes takes longer than most tests."""
    return create_app(ServingSettings(home=Path("nowhere")))


@cache
def migrated_database() -> bytes:
    """An SQLite database at the newest revision."""
    with tempfile.TemporaryDirectory() as folder:
        url = database_url(ServingSettings(home=Path(folder)))
        migrate(url)
        return Path(str(url.database)).read_bytes()
