"""The inbox: every record once, on the disk before its source is told so.

SQLite beside the other state, in a file of its own so that its many writes wait for nobody, or the PostgreSQL of all services.
Belongs here: writing and reading records. Doesn't belong here: which records are taken (`serving/live/admission.py`), rows
(`serving/live/plants`).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from serving.errors import RETRY_LATER, Problem
from serving.live.inbox import tables
from serving.live.readings import AdmittedReading, RecordQuality
from serving.settings import ServingSettings
from serving.store.database import BUSY_TIMEOUT_S, WRITES, database_url, prepare_sqlite

QUALITIES: tuple[RecordQuality, ...] = ("good", "uncertain", "bad")
CODES: Mapping[str, int] = {quality: code for code, quality in enumerate(QUALITIES)}
_LOCK_KEY = 723_005  # as in serving/store/migrate.py, a number of our own
_AT_ONCE = 5000
_SQLITE_INSERT = (
    "INSERT INTO live_readings (series, time_us, value, quality, received_us) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (series, time_us) DO NOTHING"
)
_POSTGRES_INSERT = (
    "INSERT INTO live_readings (series, time_us, value, quality, received_us) "
    "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::smallint[], %s::bigint[]) "
    "ON CONFLICT (series, time_us) DO NOTHING"
)


class StoreUnavailable(Problem):
    """The inbox can't be written: nothing of the batch was stored, and the source keeps it."""

    status = 503
    slug = "inbox-away"
    title = "Readings can't be stored at present"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the inbox can't be written: {reason}; send it again", headers=RETRY_LATER)


class StoredReading(NamedTuple):
    """A record as it lies in the inbox; NaN where it has no value."""

    id: int
    column: str
    time_us: int
    value: float
    quality: RecordQuality


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """What became of a plant's records."""

    stored: int
    repeated: int
    corrected: int


ReadingBatch = tuple[str, Sequence[AdmittedReading]]
"""A plant's records."""
Row = tuple[int, int, float | None, int, int]
"""series, time_us, value, quality, received_us."""


class ReadingInbox:
    """The records of all plants.

    Attributes:
        needed: the id up to which no output needs records any more; None: none needs any.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self.url = inbox_url(settings)
        self._engine = _engine(self.url)
        # A writer of SQLite takes its turn at once: one that has read before it writes could not wait any more.
        self._writer = self._engine.execution_options(**{WRITES: BUSY_TIMEOUT_S})
        self._store_engine = _store_engine(self.url)
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._is_postgres = self.url.get_backend_name() == "postgresql"
        self.needed: Callable[[], Awaitable[int | None]] | None = None
        self._most_waiting = settings.outbox_rows
        self._series: dict[tuple[str, str], int] = {}
        self._names: dict[int, str] = {}

    async def open(self) -> None:
        """Make what isn't there, and learn which columns there are."""
        if not self._is_postgres:
            file = Path(str(self.url.database))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
        async with self._writer.begin() as connection:
            if self._is_postgres:
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
            await connection.run_sync(tables.metadata.create_all)
            rows = await connection.execute(sa.select(tables.series))
            self._remember({(row.plant, row.name): row.id for row in rows})

    async def close(self) -> None:
        """Finish what is being stored, and leave the database; it is opened again by whoever comes later."""
        await asyncio.to_thread(self._thread.shutdown)
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._store_engine.dispose()
        await self._engine.dispose()

    async def store(self, batches: Sequence[ReadingBatch]) -> list[StoredCounts]:
        """Store some batches in one transaction; what became of each.

        Raises:
            StoreUnavailable: nothing was stored.
        """
        # The whole transaction in one other thread: from thread to thread for each statement took most of its time.
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._store_batches, batches)
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(_reason(error)) from error

    def _store_batches(self, batches: Sequence[ReadingBatch]) -> list[StoredCounts]:
        if any((plant, r.column) not in self._series for plant, found in batches for r in found):
            # First and by itself: numbers of a transaction that is undone must not be remembered.
            with self._store_engine.begin() as connection:
                named = self._name_series(connection, batches)
            self._remember(named)
        with self._store_engine.begin() as connection:
            return [self._store(connection, plant, found) for plant, found in batches]

    def _store(self, connection: sa.Connection, plant: str, found: Sequence[AdmittedReading]) -> StoredCounts:
        now, series = time.time_ns() // 1000, self._series
        isnan = math.isnan
        numbers = {column: series[plant, column] for column in {r.column for r in found}}
        rows: list[Row] = [
            (numbers[column], time_us, None if isnan(value) else value, CODES[quality], now)
            for column, time_us, value, quality in found
        ]
        stored = self._insert(connection, rows)
        if stored == len(rows):
            return StoredCounts(stored, 0, 0)
        corrected = 0
        for start in range(0, len(rows), _AT_ONCE):
            corrected += self._correct(connection, rows[start : start + _AT_ONCE])
        return StoredCounts(stored, len(rows) - stored - corrected, corrected)

    def _insert(self, connection: sa.Connection, rows: list[Row]) -> int:
        if not rows:
            return 0
        if self._is_postgres:
            done = connection.exec_driver_sql(_POSTGRES_INSERT, tuple(map(list, zip(*rows, strict=True))))
        else:
            done = connection.exec_driver_sql(_SQLITE_INSERT, rows)
        return done.rowcount

    def _correct(self, connection: sa.Connection, rows: list[Row]) -> int:
        """Keep other values of instants that have one, the last that was given; how many those are."""
        table = tables.readings
        key = sa.tuple_(table.c.series, table.c.time_us)
        query = sa.select(table.c.series, table.c.time_us, table.c.value, table.c.quality)
        known = {
            (r.series, r.time_us): (r.value, r.quality)
            for start in range(0, len(rows), 500)
            for r in connection.execute(query.where(key.in_([row[:2] for row in rows[start : start + 500]])))
        }
        changes = []
        for number, time_us, value, quality, received in rows:
            old = known[number, time_us]
            if old != (value, quality):
                known[number, time_us] = value, quality
                changes.append((number, time_us, *old, value, quality, received))
        if changes:
            names = [c.name for c in tables.corrections.c][1:]
            connection.execute(
                sa.insert(tables.corrections), [dict(zip(names, change, strict=True)) for change in changes]
            )
            mine = (table.c.series == sa.bindparam("s")) & (table.c.time_us == sa.bindparam("t"))
            update = sa.update(table).where(mine).values(value=sa.bindparam("v"), quality=sa.bindparam("q"))
            connection.execute(
                update, [dict(zip("stvq", (c[0], c[1], c[4], c[5]), strict=True)) for c in changes]
            )
        return len(changes)

    def _name_series(
        self, connection: sa.Connection, batches: Sequence[ReadingBatch]
    ) -> dict[tuple[str, str], int]:
        """The numbers of columns, given to those that have none."""
        table, found = tables.series, dict[tuple[str, str], int]()
        for plant, name in {(plant, r.column) for plant, readings in batches for r in readings}:
            chosen = (table.c.plant == plant) & (table.c.name == name)
            number = connection.scalar(sa.select(table.c.id).where(chosen))
            if number is None:
                insert = sa.insert(table).values(plant=plant, name=name).returning(table.c.id)
                number = connection.scalars(insert).one()
            found[plant, name] = number
        return found

    def _remember(self, named: Mapping[tuple[str, str], int]) -> None:
        self._series = {**self._series, **named}  # as a whole: another thread stores meanwhile
        self._names = self._names | {number: name for (_, name), number in named.items()}

    async def since(self, plant: str, time_us: int, limit: int | None = None) -> list[StoredReading]:
        """A plant's records from a time on, by time."""
        table = tables.readings
        query = self._of(plant).where(table.c.time_us >= time_us).order_by(table.c.time_us, table.c.id)
        return await self._read(query.limit(limit))

    async def between(self, plant: str, begin_us: int, end_us: int) -> list[StoredReading]:
        """A plant's records of [begin, end), by time."""
        table = tables.readings
        query = self._of(plant).where(table.c.time_us >= begin_us, table.c.time_us < end_us)
        return await self._read(query.order_by(table.c.time_us, table.c.id))

    async def after(self, plant: str, number: int, limit: int) -> list[StoredReading]:
        """A plant's next records after an id, in the order in which they came."""
        table = tables.readings
        return await self._read(self._of(plant).where(table.c.id > number).order_by(table.c.id).limit(limit))

    async def last_before(self, plant: str, time_us: int) -> list[StoredReading]:
        """The newest record of each of a plant's columns before a time."""
        table = tables.readings
        newest = (
            sa.select(table.c.series, sa.func.max(table.c.time_us).label("time_us"))
            .where(table.c.series.in_(self._numbers(plant)), table.c.time_us < time_us)
            .group_by(table.c.series)
            .subquery()
        )
        same = (table.c.series == newest.c.series) & (table.c.time_us == newest.c.time_us)
        return await self._read(sa.select(table).join(newest, same).order_by(table.c.time_us))

    async def plants(self) -> list[str]:
        """The plants that have had a record."""
        return sorted({plant for plant, _ in self._series})

    async def span(self, plant: str) -> tuple[int, int] | None:
        """The first and the last time of a plant's records; None where it has none."""
        table = tables.readings
        times = sa.select(sa.func.min(table.c.time_us), sa.func.max(table.c.time_us))
        async with self._engine.connect() as connection:
            first, last = (
                await connection.execute(times.where(table.c.series.in_(self._numbers(plant))))
            ).one()
        return None if first is None else (first, last)

    async def first_after(self, plant: str, time_us: int) -> int | None:
        """The time of a plant's first record at or after a time; None where there is none."""
        table = tables.readings
        first = sa.select(sa.func.min(table.c.time_us)).where(
            table.c.series.in_(self._numbers(plant)), table.c.time_us >= time_us
        )
        async with self._engine.connect() as connection:
            return await connection.scalar(first)

    async def flushed_until(self, plant: str) -> int | None:
        table = tables.flushes
        async with self._engine.connect() as connection:
            return await connection.scalar(sa.select(table.c.until_us).where(table.c.plant == plant))

    async def note_flush(self, plant: str, until_us: int, keep_from_us: int) -> None:
        """Note up to when records lie in the drop folder, and forget those that nothing looks back to.

        What an output still needs stays until a later flush, but for more than `FOREWARN_OUTBOX_ROWS`.
        """
        table, readings = tables.flushes, tables.readings
        needed = await self.needed() if self.needed is not None else None
        async with self._writer.begin() as connection:
            await connection.execute(sa.delete(table).where(table.c.plant == plant))
            await connection.execute(sa.insert(table).values(plant=plant, until_us=until_us))
            old = readings.c.series.in_(self._numbers(plant)) & (
                readings.c.time_us < min(keep_from_us, until_us)
            )
            if needed is not None:
                newest = await connection.scalar(sa.select(sa.func.max(readings.c.id))) or 0
                old &= readings.c.id <= max(needed, newest - self._most_waiting)
            await connection.execute(sa.delete(readings).where(old))

    async def forget(self, plant: str) -> int:
        """Delete a plant's records, their corrections and the mark of its drops; how many records there were."""
        numbers, count = self._numbers(plant), 0
        async with self._writer.begin() as connection:
            for table in (tables.corrections, tables.readings):
                found = await connection.execute(sa.delete(table).where(table.c.series.in_(numbers)))
                count = found.rowcount
            await connection.execute(sa.delete(tables.flushes).where(tables.flushes.c.plant == plant))
        return count

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading."""
        async with self._engine.connect() as connection:
            yield connection

    def _numbers(self, plant: str) -> list[int]:
        return [number for (owner, _), number in self._series.items() if owner == plant]

    def _of(self, plant: str) -> sa.Select:
        return sa.select(tables.readings).where(tables.readings.c.series.in_(self._numbers(plant)))

    async def _read(self, query: sa.Select) -> list[StoredReading]:
        async with self._engine.connect() as connection:
            found: Iterable = await connection.execute(query)
        return [
            StoredReading(
                r.id,
                self._names[r.series],
                r.time_us,
                math.nan if r.value is None else r.value,
                QUALITIES[r.quality],
            )
            for r in found
        ]


def inbox_url(settings: ServingSettings) -> URL:
    """Where the inbox lies: the PostgreSQL of all services, else a file of its own."""
    url = database_url(settings)
    if url.get_backend_name() == "postgresql":
        return url
    return url.set(database=str(settings.home / "live" / "inbox.db"))


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "postgresql":
        return create_async_engine(
            url, pool_pre_ping=True, pool_size=4, pool_timeout=10, hide_parameters=True
        )
    engine = create_async_engine(url, pool_size=4, connect_args={"timeout": 10}, hide_parameters=True)
    prepare_sqlite(engine.sync_engine)
    return engine


def _store_engine(url: URL) -> sa.Engine:
    """What readings are stored through, in a thread of its own."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url, pool_pre_ping=True, pool_size=1, pool_timeout=10, hide_parameters=True)
    engine = sa.create_engine(
        url.set(drivername="sqlite"), pool_size=1, connect_args={"timeout": 10}, hide_parameters=True
    )
    prepare_sqlite(engine)
    return engine.execution_options(**{WRITES: BUSY_TIMEOUT_S})


def _reason(error: Exception) -> str:
    told = getattr(error, "orig", None) or error
    return str(told).strip().splitlines()[0][:200] or type(told).__name__
