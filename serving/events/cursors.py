"""Up to where each consumer of a log has come, so that what it still needs isn't deleted.

Belongs here: the cursor's shape, its place among what tasks remember, what all of them still need. Doesn't belong
here: consumers themselves (`serving/live/outputs/consumer.py`), deleting (`log.py`).
"""

from collections.abc import Collection
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel

from serving.store.database import Database
from serving.store.memory_tables import LiveState

LogName = Literal["events", "readings", "corrections"]


class ConsumerCursor(BaseModel):
    """A consumer's place in a log.

    Attributes:
        id: the newest entry that is dealt with; None before the first look.
        lost: entries that were deleted before they were delivered.
        holds: whether nothing after `id` is deleted, up to the log's bound; False while nobody wants the output.
    """

    id: int | None = None
    lost: int = 0
    holds: bool = True


def cursor_name(log: LogName, consumer: str) -> str:
    """What the cursor's memory is called."""
    return f"{log}:{consumer}"


def oldest_needed(log: LogName) -> sa.ScalarSelect[int]:
    """A query within another: the lowest cursor that holds; NULL where there is none."""
    place = LiveState.document["id"].as_integer()
    holds = LiveState.document["holds"].as_boolean()
    return (
        sa.select(sa.func.min(place))
        .where(LiveState.name.startswith(cursor_name(log, ""), autoescape=True), holds.is_(True))
        .scalar_subquery()
    )


async def read_oldest_needed(database: Database, log: LogName) -> int | None:
    """The lowest cursor that holds; None where there is none."""
    async with database.read() as session:
        return await session.scalar(sa.select(oldest_needed(log)))


async def release_others(database: Database, log: LogName, consumers: Collection[str]) -> None:
    """Let go of what only consumers need that aren't among these; one that comes back tells what it lost."""
    mine = {cursor_name(log, consumer) for consumer in consumers}
    query = sa.select(LiveState).where(LiveState.name.startswith(cursor_name(log, ""), autoescape=True))
    async with database.write() as session:
        for state in (await session.scalars(query)).all():
            if state.name in mine:
                continue
            cursor = ConsumerCursor.model_validate(state.document)
            if cursor.holds:
                state.document = cursor.model_copy(update={"holds": False}).model_dump(mode="json")
                state.turn += 1
