"""/health and /ready of the gateway."""

import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from serving.errors import Problem
from serving.gateway.database import Database, answers
from serving.gateway.infer.upstream import Upstream
from serving.gateway.openapi import problems
from serving.gateway.problems import ServiceAway
from serving.gateway.state import Here

ANSWERS = "answers"
DATABASE_WITHIN_S = 5
router = APIRouter(tags=["the service"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What answers, and what is wrong with the rest."""

    ready: bool
    database: str = Field(description="`answers`, or what is wrong")
    inference: str
    sensors: str
    live: str = Field(description="`scores`, or why live readings aren't scored here")


@router.get("/health")
async def health() -> Health:
    """Whether the process lives."""
    return Health()


@router.get("/ready", responses=problems())
async def ready(here: Here) -> Readiness:
    """200 while the database answers, as accounts and history do then; says what is wrong with the rest."""
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
