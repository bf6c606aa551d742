"""/ready of the gateway.

Belongs here: what it needs. Doesn't belong here: what it does without (`/live` tells of the scoring).
"""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from serving.errors import Problem
from serving.gateway.database import Database, answers
from serving.gateway.infer.upstream import Upstream
from serving.gateway.openapi import problems
from serving.gateway.problems import ServiceAway
from serving.gateway.state import Here
from serving.web.app import SERVICE

ANSWERS = "answers"
DATABASE_WITHIN_S = 5
router = APIRouter(tags=[SERVICE])


class Readiness(BaseModel):
    """What answers, and what is wrong with the rest."""

    ready: bool
    database: str = Field(description="`answers`, or what is wrong")
    inference: str
    sensors: str
    live: str = Field(description="`scores`, or why live readings aren't scored here")


@router.get("/ready", responses=problems())
async def ready(here: Here) -> Readiness:
    """Whether the database answers, so that accounts and history do; says what is wrong with the rest."""
    database, inference, sensors = await asyncio.gather(
        _database(here.database), _service(here.inference), _service(here.sensors)
    )
    if database != ANSWERS:
        raise ServiceAway(f"the gateway's database: {database}", "database")
    return Readiness(
        ready=True, database=database, inference=inference, sensors=sensors, live=here.live.sentence
    )


async def _database(database: Database) -> str:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S):
            await answers(database)
    except (SQLAlchemyError, TimeoutError) as error:
        return f"doesn't answer ({type(error).__name__})"
    return ANSWERS


async def _service(service: Upstream) -> str:
    try:
        await service.ask("GET", "/ready")
    except Problem as problem:
        return problem.detail
    return ANSWERS
