"""A gateway on SQLite, or on a real PostgreSQL where a test asks for both."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from serving.settings import ServingSettings
from tests.quick_hashes import hash_quickly
from tests.serving.gateway.site import Site, running_site


@pytest.fixture
def database_address(request: pytest.FixtureRequest) -> str:
    """For `FOREWARN_DATABASE_URL`: empty for SQLite, else a fresh schema of the server."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    server = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    return f"{server}?options=-csearch_path%3D{name}"


@pytest.fixture
def gateway_settings(tmp_path: Path, database_address: str) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", database_url=database_address, max_body_mb=1)


@pytest.fixture(autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashing is not what these tests are about."""
    with hash_quickly():
        yield


@pytest.fixture
async def site(gateway_settings: ServingSettings) -> AsyncIterator[Site]:
    async with running_site(gateway_settings) as site:
        yield site
