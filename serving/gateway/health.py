"""/ready of the gateway.

Belongs here: what it needs. Doesn't belong here: what it does without (`/live` tells of the scoring).
"""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from serving.errors import Problem
from serving.gateway.database import Database, check_database
from serving.gateway.dependencies import DatabaseDep, InferenceDep, SensorsDep
from serving.gateway.live.status import LiveStatusDep
from serving.gateway.openapi import problems
from serving.gateway.problems import ServiceAway
from serving.gateway.upstream import ServiceClient
from serving.web.app import SERVICE

ANSWERS = "answers"
DATABASE_WITHIN_S = 5
router = APIRouter(tags=[SERVICE])


class GatewayReadiness(BaseModel):
    """State of the database and of the services behind the gateway."""

    ready: bool
    database: str = Field(description="`answers` if it responds, otherwise the fault")
    inference: str
    sensors: str
    live: str = Field(
        description="`scores` if this process scores live readings, otherwise the reason why not"
    )


@router.get("/ready", responses=problems())
async def ready(
    database: DatabaseDep, inference: InferenceDep, sensors: SensorsDep, status: LiveStatusDep
) -> GatewayReadiness:
    """Check that the database responds, which accounts and history need; lists the faults of the rest."""
    database_state, inference_state, sensors_state = await asyncio.gather(
        _database(database), _service(inference), _service(sensors)
    )
    if database_state != ANSWERS:
        raise ServiceAway(f"the gateway's database: {database_state}", "database")
    return GatewayReadiness(
        ready=True,
        database=database_state,
        inference=inference_state,
        sensors=sensors_state,
        live=status.sentence,
    )


async def _database(database: Database) -> str:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            await check_database(database)
    except (SQLAlchemyError, TimeoutError) as error:
        return f"does not respond ({type(error).__name__})"
    return ANSWERS


async def _service(service: ServiceClient) -> str:
    try:
        await service.ask("GET", "/ready")
    except Problem as problem:
        return problem.detail
    return ANSWERS
