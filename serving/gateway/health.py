"""/ready of the gateway.

Belongs here: what it needs. Doesn't belong here: what it does without (`/live` tells of the scoring).
"""

import asyncio
import time
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from serving.errors import Problem
from serving.gateway.dependencies import DatabaseDep, InferenceDep, LiveDep, SensorsDep
from serving.gateway.openapi import problems
from serving.gateway.problems import ServiceAway
from serving.gateway.upstream import ServiceClient
from serving.store.database import Database, check_database
from serving.store.migrate import VERSION_TABLE
from serving.web.app import SERVICE
from serving.web.parts import part

ANSWERS = "answers"
DATABASE_WITHIN_S = 5
WRITER_WITHIN_S = 4.0
WRITTEN_EVERY_S = 10.0
_REASONS = {
    "readonly": "it is read-only",
    "read-only": "it is read-only",
    "disk is full": "its disk is full",
    "No space left": "its disk is full",
    "disk I/O error": "its disk fails",
    "locked": "another process holds it",
}
"""What databases say → what a person is told."""
router = APIRouter(tags=[SERVICE])


class WriteCheck:
    """Whether the database can be written; one that could is asked again only after a while, as that costs a write."""

    def __init__(self) -> None:
        self._sound_until = 0.0

    async def state(self, database: Database) -> str:
        """`answers`, or why it can't be written."""
        if time.monotonic() < self._sound_until:
            return ANSWERS
        try:
            async with asyncio.timeout(DATABASE_WITHIN_S):
                await check_write(database)
        except TimeoutError:
            return "can't be written: another process holds it"
        except SQLAlchemyError as error:
            return f"can't be written: {_reason(error)}"
        self._sound_until = time.monotonic() + WRITTEN_EVERY_S
        return ANSWERS


class GatewayReadiness(BaseModel):
    """State of the database and of the services behind the gateway."""

    ready: bool
    database: str = Field(description="`answers` if it responds, otherwise the fault")
    inference: str
    sensors: str
    live: str = Field(description="`answers` if the live service watches plants, otherwise the fault")


@router.get("/ready", responses=problems())
async def ready(
    database: DatabaseDep,
    inference: InferenceDep,
    sensors: SensorsDep,
    live: LiveDep,
    writes: Annotated[WriteCheck, part("write_check")],
) -> GatewayReadiness:
    """Check that the database responds and can be written; lists the faults of the rest."""
    database_state, inference_state, sensors_state, live_state = await asyncio.gather(
        _database(database), _service(inference), _service(sensors), _service(live)
    )
    if database_state == ANSWERS:
        database_state = await writes.state(database)
    if database_state != ANSWERS:
        raise ServiceAway(f"the gateway's database: {database_state}", "database")
    return GatewayReadiness(
        ready=True,
        database=database_state,
        inference=inference_state,
        sensors=sensors_state,
        live=live_state,
    )


async def _database(database: Database) -> str:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            await check_database(database)
    except (SQLAlchemyError, TimeoutError) as error:
        return f"does not respond ({type(error).__name__})"
    return ANSWERS


async def check_write(database: Database) -> None:
    """Write what changes nothing, and commit it: only then does a full disk show.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database can't be written.
    """
    # A driver's thread that waits can't be cancelled, only told to wait less.
    async with database.write(WRITER_WITHIN_S) as session:
        await session.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))


def _reason(error: SQLAlchemyError) -> str:
    """What the database said, without its address."""
    said = str(error.orig) if isinstance(error, DBAPIError) else ""
    return next((words for sign, words in _REASONS.items() if sign in said), type(error).__name__)


async def _service(service: ServiceClient) -> str:
    try:
        await service.ask("GET", "/ready")
    except Problem as problem:
        return problem.detail
    return ANSWERS
