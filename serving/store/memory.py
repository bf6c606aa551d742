"""What a task remembers over restarts, and how it notices that another gateway took its place."""

from typing import Generic, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from serving.store.database import Database
from serving.store.memory_tables import LiveState

Shape = TypeVar("Shape", bound=BaseModel)
_TABLE = LiveState.metadata.tables[LiveState.__tablename__]
_UPDATE = (
    sa.update(_TABLE)
    .where(_TABLE.c.name == sa.bindparam("mine"), _TABLE.c.turn == sa.bindparam("before"))
    .values(turn=sa.bindparam("after"), document=sa.bindparam("kept", type_=_TABLE.c.document.type))
    .returning(_TABLE.c.name)
)


class TakenOverError(RuntimeError):
    """Another gateway changed what this one remembers: it does this one's work now."""


class TaskMemory(Generic[Shape]):
    """One task's memory: read once, then kept with each change.

    A new task remembers what `shape` is without any content.
    """

    def __init__(self, database: Database, name: str, shape: type[Shape]) -> None:
        self._database = database
        self._name = name
        self._shape = shape
        self._turn = 0

    async def load(self) -> Shape:
        async with self._database.read() as session:
            found = await session.get(LiveState, self._name)
        self._turn = found.turn if found else 0
        return self._shape.model_validate(found.document) if found else self._shape()

    async def keep(self, session: AsyncSession, document: Shape) -> None:
        """Keep a new document, in the transaction of what it remembers.

        Raises:
            TakenOverError: it isn't this gateway's any more.
        """
        kept = document.model_dump(mode="json")
        if self._turn == 0:
            session.add(LiveState(name=self._name, turn=1, document=kept))
        else:
            given = {"mine": self._name, "before": self._turn, "after": self._turn + 1, "kept": kept}
            if (await session.scalar(_UPDATE, given)) is None:
                raise TakenOverError(f"{self._name}: another gateway process has taken over")
        self._turn += 1
