"""The history of each user: written before the answer is sent, read and deleted by its owner alone.

Each query takes the owner's id.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa

from serving.errors import NotFound
from serving.gateway.history.schemas import HistoryFilter, HistoryPage
from serving.gateway.history.tables import HistoryEntry
from serving.store.database import Database
from serving.web.parts import part

BATCH = 200
TRIM_EVERY = 50
"""How many entries of the gateway lie between two looks at whether a user has too many."""

_SUMMARY = [c for c in HistoryEntry.__table__.columns if c.name not in ("user_id", "request", "answer")]


class HistoryStore:
    """All users' histories; of more than `most_rows` of a user the oldest go first."""

    def __init__(self, database: Database, most_rows: int) -> None:
        self._database = database
        self._most_rows = most_rows

    async def add(self, entry: HistoryEntry) -> int:
        """Store a result; once this returns, it is on the disk.

        Returns:
            the entry's id.
        """
        entry.created_at = datetime.now(UTC)
        async with self._database.write() as session:
            session.add(entry)
            await session.flush()
            if entry.id % TRIM_EVERY == 0:
                await session.execute(self._surplus(entry.user_id))
        return entry.id

    async def page(self, user_id: int, page: HistoryPage) -> Sequence[sa.Row[Any]]:
        """Summaries, newest first: one more than asked for where there are more."""
        query = sa.select(*_SUMMARY).where(*_conditions(user_id, page)).order_by(HistoryEntry.id.desc())
        if page.before is not None:
            query = query.where(HistoryEntry.id < page.before)
        async with self._database.read() as session:
            return (await session.execute(query.limit(page.limit + 1))).all()

    async def batches(self, user_id: int, chosen: HistoryFilter) -> AsyncIterator[Sequence[HistoryEntry]]:
        """Whole entries, oldest first, some at a time; none of them holds the database meanwhile."""
        after = 0
        query = sa.select(HistoryEntry).where(*_conditions(user_id, chosen)).order_by(HistoryEntry.id)
        while True:
            async with self._database.read() as session:
                found = (await session.scalars(query.where(HistoryEntry.id > after).limit(BATCH))).all()
            if not found:
                return
            yield found
            after = found[-1].id

    async def entry(self, user_id: int, entry_id: int) -> HistoryEntry:
        """One of the user's own entries.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        async with self._database.read() as session:
            found = await session.scalar(sa.select(HistoryEntry).where(*_own(user_id, entry_id)))
        if found is None:
            raise _not_found(entry_id)
        return found

    async def delete(self, user_id: int, entry_id: int) -> None:
        """Delete one of the user's own entries.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        gone = sa.delete(HistoryEntry).where(*_own(user_id, entry_id)).returning(HistoryEntry.id)
        async with self._database.write() as session:
            found = (await session.scalars(gone)).all()
        if not found:
            raise _not_found(entry_id)

    async def delete_chosen(self, user_id: int, chosen: HistoryFilter) -> int:
        """Delete the user's own entries that are meant; how many there were."""
        gone = sa.delete(HistoryEntry).where(*_conditions(user_id, chosen)).returning(HistoryEntry.id)
        async with self._database.write() as session:
            return len((await session.scalars(gone)).all())

    def _surplus(self, user_id: int) -> sa.Delete:
        """Deletes what a user has beyond the limit."""
        oldest_kept = (
            sa.select(HistoryEntry.id)
            .where(HistoryEntry.user_id == user_id)
            .order_by(HistoryEntry.id.desc())
            .offset(self._most_rows - 1)
            .limit(1)
            .scalar_subquery()
        )
        return sa.delete(HistoryEntry).where(HistoryEntry.user_id == user_id, HistoryEntry.id < oldest_kept)


HistoryDep = Annotated[HistoryStore, part("history")]


def _own(user_id: int, entry_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return HistoryEntry.user_id == user_id, HistoryEntry.id == entry_id


def _conditions(user_id: int, chosen: HistoryFilter) -> list[sa.ColumnElement[bool]]:
    found = [HistoryEntry.user_id == user_id]
    if chosen.type is not None:
        found.append(HistoryEntry.type == chosen.type)
    if chosen.since is not None:
        found.append(HistoryEntry.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(HistoryEntry.created_at < chosen.until)
    return found


def _not_found(entry_id: int) -> NotFound:
    return NotFound(f"your history has no entry {entry_id}")
