"""A database of its own, on SQLite or on a real PostgreSQL, and its event log."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL

from serving.events.log import EventLog
from serving.settings import ServingSettings
from serving.store.database import Database, database_url
from serving.store.migrate import migrate
from tests.serving.gateway.site import migrated_database


@pytest.fixture
def database_place(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where a migrated database is: SQLite, or a fresh schema of the server."""
    if getattr(request, "param", "sqlite") == "sqlite":
        path = tmp_path / "live.db"
        path.write_bytes(migrated_database())
        return database_url(ServingSettings(database_url=f"sqlite:///{path}"))
    server, name = request.getfixturevalue("postgres"), f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    url = database_url(ServingSettings(database_url=f"{server}?options=-csearch_path%3D{name}"))
    migrate(url)
    return url


@pytest.fixture
async def database(database_place: URL) -> AsyncIterator[Database]:
    database = Database(database_place)
    yield database
    await database.close()


@pytest.fixture
def events(database: Database) -> EventLog:
    return EventLog(database, most_rows=1000)
