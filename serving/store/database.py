"""The gateway's database: SQLite beside the other state, or PostgreSQL.

Belongs here: the engine, what SQLite needs to be told, transactions. Doesn't belong here: tables
(`tables.py` of each domain), their migrations (`migrate.py`).
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite
import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from plant_assets.profile.variables import SettingsError
from serving.settings import ServingSettings

BUSY_TIMEOUT_S = 10.0
WRITES = "gateway_writes"
"""The execution option of connections that will write: for how many seconds they wait for another writer."""
log = logging.getLogger("serving")
_undoing: set[asyncio.Task[None]] = set()
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}


class Database:
    """Sessions for reading and for writing, at a URL that `database_url` gives."""

    def __init__(self, url: URL) -> None:
        self._engine = _engine(url)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database; what it changes is dropped."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self, waits_s: float = BUSY_TIMEOUT_S) -> AsyncIterator[AsyncSession]:
        """A transaction, committed at the end; undone if anything is raised in between.

        Args:
            waits_s: for how long it waits for another writer of SQLite.
        """
        writer = self._engine.execution_options(**{WRITES: waits_s})
        async with AsyncSession(writer, expire_on_commit=False) as session, session.begin():
            yield session

    async def close(self) -> None:
        await self._engine.dispose()


def database_url(settings: ServingSettings) -> URL:
    """The address in `FOREWARN_DATABASE_URL`, with the asynchronous driver; SQLite under home without one.

    Raises:
        SettingsError: an address of another kind of database, or none at all.
    """
    if not settings.database_url:
        return URL.create(_DRIVERS["sqlite"], database=str(settings.home / "gateway" / "gateway.db"))
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        url = URL.create("nothing")
    driver = _DRIVERS.get(url.get_backend_name()) if url.drivername != "nothing" else None
    if driver is None or (driver == _DRIVERS["sqlite"] and not url.database):
        raise SettingsError("FOREWARN_DATABASE_URL: expected postgresql://user@host/name or sqlite:///path")
    return url.set(drivername=driver)


def _engine(url: URL) -> AsyncEngine:
    common = {
        "hide_parameters": True,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": _parse_json,
    }
    if url.get_backend_name() == "postgresql":
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, pool_timeout=10, **common)
    engine = create_async_engine(
        url, pool_size=5, pool_timeout=10, connect_args={"timeout": BUSY_TIMEOUT_S}, **common
    )
    prepare_sqlite(engine.sync_engine)
    event.listen(engine.sync_engine, "invalidate", _on_invalidate)
    return engine


def prepare_sqlite(engine: sa.Engine) -> None:
    """Tell each connection what the gateway needs of SQLite."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Readers don't wait for the writer, what is committed is on the disk, and keys lead somewhere."""
    connection.isolation_level = None  # `_on_begin` begins, as the driver would do it too late
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_invalidate(connection: DBAPIConnection, _: ConnectionPoolEntry, error: BaseException | None) -> None:
    """Undo what a cancelled task had begun before its connection is closed.

    A statement that is still referred to, as by the traceback of the cancellation, outlives its connection, and with it the
    transaction and SQLite's lock; which is then never free again.
    """
    if error is None or not isinstance(connection, AsyncAdapt_aiosqlite_connection):
        return
    with contextlib.suppress(RuntimeError):  # no loop: nobody waits for the lock either
        task = asyncio.get_running_loop().create_task(_undo(connection.driver_connection))
        _undoing.add(task)
        task.add_done_callback(_undoing.discard)


async def _undo(connection: aiosqlite.Connection) -> None:
    try:
        await connection.rollback()
    except (ValueError, sqlite3.Error) as error:
        log.debug("a connection that is no good was closed before: %s", error)


def _on_begin(connection: Connection) -> None:
    """A writer takes its turn at once: one that has read before it writes could not wait any more."""
    waits_s = connection.get_execution_options().get(WRITES)
    if waits_s is None:
        connection.exec_driver_sql("BEGIN")
        return
    if connection.info.get(WRITES) != waits_s:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(waits_s * 1000)}")
        connection.info[WRITES] = waits_s
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _parse_json(stored: str | bytes | float) -> object:
    """A JSON value; SQLite keeps a document that is one number as that number."""
    return stored if isinstance(stored, int | float) else orjson.loads(stored)


async def check_database(database: Database) -> None:
    """Ask for nothing much.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database doesn't respond.
    """
    async with database.read() as session:
        await session.execute(sa.text("SELECT 1"))
