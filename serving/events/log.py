"""Events are written with what they tell of, in one transaction; ids follow the order of commits.

Belongs here: writing, reading and forgetting events. Doesn't belong here: who is told (`hub.py`, `tail.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from serving.events.cursors import oldest_needed
from serving.events.kinds import EventMessage, LiveEvent, message
from serving.events.tables import StoredEvent
from serving.store.database import Database
from serving.web.parts import part

TRIM_EVERY = 200
OUTBOX_ROWS = 1_000_000
_LOCK_KEY = 723_003  # as in migrate.py, a number of our own
_TABLE = StoredEvent.metadata.tables[StoredEvent.__tablename__]
_INSERT = sa.insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
"""Made once, and of the table alone: objects and their sessions take longer than SQLite does."""


@dataclass(slots=True)
class UnitOfWork:
    """A transaction, and what is told once it is committed."""

    session: AsyncSession
    told: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, event: LiveEvent) -> None:
        self.told.append((event.event, event.data.model_dump_json()))


class EventLog:
    """All events of a database; of more than `most_rows` the oldest go first, once all consumers have them.

    Args:
        database: where they are.
        most_rows: kept whether or not a consumer needs them.
        outbox_rows: kept at most for a consumer that is behind.
    """

    def __init__(self, database: Database, most_rows: int, outbox_rows: int = OUTBOX_ROWS) -> None:
        self._database = database
        self._most_rows = most_rows
        self._outbox_rows = outbox_rows
        self._written = asyncio.Event()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[UnitOfWork]:
        """A transaction whose events come last, so that no other writer waits for it but at its end."""
        async with self._database.write() as session:
            change = UnitOfWork(session)
            yield change
            await session.flush()
            if change.told:
                await self._append(change)
        if change.told:
            self._written.set()
            self._written = asyncio.Event()

    def next_write(self) -> asyncio.Event:
        """What is set as soon as this process writes events after this call."""
        return self._written

    async def newest(self) -> int:
        """The highest id; 0 if there is none."""
        async with self._database.read() as session:
            return await session.scalar(sa.select(sa.func.max(StoredEvent.id))) or 0

    async def oldest(self) -> int:
        """The lowest id that is still kept; 0 if there is none."""
        async with self._database.read() as session:
            return await session.scalar(sa.select(sa.func.min(StoredEvent.id))) or 0

    async def after(self, number: int, up_to: int | None = None, limit: int = 500) -> list[EventMessage]:
        """The next events after an id, oldest first."""
        query = sa.select(StoredEvent.id, StoredEvent.type, StoredEvent.data).where(StoredEvent.id > number)
        if up_to is not None:
            query = query.where(StoredEvent.id <= up_to)
        async with self._database.read() as session:
            rows = await session.execute(query.order_by(StoredEvent.id).limit(limit))
            return [message(row.id, row.type, row.data) for row in rows]

    async def _append(self, change: UnitOfWork) -> None:
        session = change.session
        if session.get_bind().dialect.name == "postgresql":
            # Ids are given before the commit: of two writers at once, the later id could be seen first.
            await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
        now = datetime.now(UTC)
        rows = [{"created_at": now, "type": kind, "data": data} for kind, data in change.told]
        ids: Sequence[int] = (await session.scalars(_INSERT, rows)).all()
        if ids[-1] // TRIM_EVERY > (ids[0] - 1) // TRIM_EVERY:
            await self._trim(session, ids[-1])

    async def _trim(self, session: AsyncSession, newest: int) -> None:
        last = newest - self._most_rows
        needed = await session.scalar(sa.select(oldest_needed("events")))
        if needed is not None:
            last = min(last, max(needed, newest - self._outbox_rows))
        await session.execute(sa.delete(StoredEvent).where(StoredEvent.id <= last))


EventLogDep = Annotated[EventLog, part("events")]
