"""The inbox as a log: readings, and corrections of them, in the order in which they came.

Belongs here: what an output that has a cursor reads. Doesn't belong here: writing (`inbox.py`), cursors
(`serving/events/cursors.py`).

A reading has the value that came first for its instant, whatever it was corrected to since; each other value is an entry of
the corrections. So what an output writes for an entry is the same however often it reads it.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from serving.live.inbox import tables
from serving.live.inbox.inbox import QUALITIES, ReadingInbox
from serving.live.readings import RecordQuality


class InboxEntry(NamedTuple):
    """A record as an output gets it.

    Attributes:
        id: of the reading, or of the correction.
        correction: 0: the first value for its instant; then 1, 2 and so on.
    """

    id: int
    plant: str
    column: str
    time_us: int
    value: float | None
    quality: RecordQuality
    correction: int = 0


class _InboxLog:
    """What both logs of the inbox share."""

    def __init__(self, inbox: ReadingInbox, table: sa.Table) -> None:
        self._inbox = inbox
        self._table = table
        self._series: Mapping[int, tuple[str, str]] = {}
        self._never = asyncio.Event()

    def next_write(self) -> asyncio.Event:
        """The inbox has many writers, and tells nobody: an output looks after some time."""
        return self._never

    async def newest(self) -> int:
        async with self._inbox.connect() as connection:
            return await connection.scalar(sa.select(sa.func.max(self._table.c.id))) or 0

    async def oldest(self) -> int:
        async with self._inbox.connect() as connection:
            return await connection.scalar(sa.select(sa.func.min(self._table.c.id))) or 0

    async def _names(self, numbers: set[int]) -> Mapping[int, tuple[str, str]]:
        """Plant and column of each series."""
        if not numbers <= self._series.keys():
            async with self._inbox.connect() as connection:
                rows = await connection.execute(sa.select(tables.series))
                self._series = {row.id: (row.plant, row.name) for row in rows}
        return self._series


class ReadingLog(_InboxLog):
    """The first value of each instant."""

    def __init__(self, inbox: ReadingInbox) -> None:
        super().__init__(inbox, tables.readings)

    async def after(self, number: int, up_to: int | None = None, limit: int = 500) -> list[InboxEntry]:
        """The next readings after an id, oldest first."""
        table, others, any_other = tables.readings, tables.corrections, tables.corrections.alias()
        first = sa.select(sa.func.min(any_other.c.id)).where(
            any_other.c.series == table.c.series, any_other.c.time_us == table.c.time_us
        )
        query = (
            sa.select(table, others.c.id.label("corrected"), others.c.old_value, others.c.old_quality)
            .select_from(table)
            .outerjoin(others, others.c.id == first.correlate(table).scalar_subquery())
            .where(table.c.id > number)
        )
        if up_to is not None:
            query = query.where(table.c.id <= up_to)
        async with self._inbox.connect() as connection:
            rows = (await connection.execute(query.order_by(table.c.id).limit(limit))).all()
        names = await self._names({row.series for row in rows})
        return [
            InboxEntry(
                row.id,
                *names[row.series],
                row.time_us,
                row.value if row.corrected is None else row.old_value,
                QUALITIES[row.quality if row.corrected is None else row.old_quality],
            )
            for row in rows
        ]


class CorrectionLog(_InboxLog):
    """Each other value of an instant."""

    def __init__(self, inbox: ReadingInbox) -> None:
        super().__init__(inbox, tables.corrections)

    async def after(self, number: int, up_to: int | None = None, limit: int = 500) -> list[InboxEntry]:
        """The next corrections after an id, oldest first."""
        table, earlier = tables.corrections, tables.corrections.alias()
        rank = sa.select(sa.func.count()).where(
            earlier.c.series == table.c.series,
            earlier.c.time_us == table.c.time_us,
            earlier.c.id <= table.c.id,
        )
        query = sa.select(table, rank.correlate(table).scalar_subquery().label("rank")).where(
            table.c.id > number
        )
        if up_to is not None:
            query = query.where(table.c.id <= up_to)
        async with self._inbox.connect() as connection:
            rows = (await connection.execute(query.order_by(table.c.id).limit(limit))).all()
        names = await self._names({row.series for row in rows})
        return [
            InboxEntry(
                row.id,
                *names[row.series],
                row.time_us,
                row.new_value,
                QUALITIES[row.new_quality],
                row.rank,
            )
            for row in rows
        ]
