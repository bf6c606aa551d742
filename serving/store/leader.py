"""Of several processes on one database, one does a work: the one that holds its lock.

PostgreSQL: an advisory lock of a connection, gone with the connection. SQLite: a lock on a file, gone with
the process. Belongs here: getting, watching and losing the lock.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

_LOCK_KEY = 723_004  # as in migrate.py, a number of our own
TRY_EVERY_S = 2.0
LOOK_EVERY_S = 5.0
ANSWER_WITHIN_S = 5.0

Watch = Callable[[], Coroutine[None, None, None]]
"""Runs until the lock is lost, which it tells by an error."""


@asynccontextmanager
async def leadership(url: URL, work: str = "live") -> AsyncIterator[Watch]:
    """Wait for the lock of a work and hold it.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database doesn't respond.
    """
    held = (
        _postgres(url, work)
        if url.get_backend_name() == "postgresql"
        else _file(Path(str(url.database)), work)
    )
    async with held as watch:
        yield watch


@asynccontextmanager
async def _postgres(url: URL, work: str) -> AsyncIterator[Watch]:
    engine = create_async_engine(
        url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    # Databases may be shared: the lock is for the schema whose tables these are.
    schema = sa.func.hashtext(sa.func.concat(sa.func.current_schema(), "" if work == "live" else f"/{work}"))
    try:
        async with engine.connect() as connection:
            while not await connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK_KEY, schema))):
                await asyncio.sleep(TRY_EVERY_S)
            yield lambda: _watch(connection)
    finally:
        await engine.dispose()


async def _watch(connection: AsyncConnection) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await connection.execute(sa.text("SELECT 1"))


@asynccontextmanager
async def _file(database: Path, work: str) -> AsyncIterator[Watch]:
    lock = FileLock(f"{database}.{work}.lock", thread_local=False)
    while not _acquire(lock):
        await asyncio.sleep(TRY_EVERY_S)
    try:
        yield _never_lost
    finally:
        lock.release()


async def _never_lost() -> None:
    """A file's lock stays with the process."""


def _acquire(lock: FileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
