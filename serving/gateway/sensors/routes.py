"""/sensors and /scenarios: the live plant, for who is logged in.

What the sensors service answers and refuses is passed on. New readings come by /events.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from serving.gateway.accounts.dependencies import Engineer, Operator, SignedIn
from serving.gateway.dependencies import SensorsDep
from serving.gateway.openapi import problems
from serving.gateway.upstream import ServiceClient
from serving.sensors import schemas
from serving.web.body import answer
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY

MOST_HOURS = 2000
router = APIRouter(tags=["the live plant"], route_class=SmallBodyRoute)
_READ = problems(401, 502)
_CHANGED = problems(*BODY, 401, 403, 502)


@router.get("/sensors/live", response_model=schemas.LiveReading, responses=_READ)
async def live(sensors: SensorsDep, _: SignedIn) -> Response:
    """Get the newest complete interval, with the plant's time, speed and scenario."""
    return answer(await sensors.ask("GET", "/sensors/live"))


@router.get("/sensors/history", response_model=schemas.ReadingsAnswer, responses=problems(401, 422, 502))
async def history(
    sensors: SensorsDep,
    _: SignedIn,
    hours: Annotated[
        int, Query(ge=1, le=MOST_HOURS, description="plant hours back from the newest row")
    ] = 96,
) -> Response:
    """Get the rows of the newest hours, oldest first."""
    return answer(await sensors.ask("GET", f"/sensors/history?hours={hours}"))


@router.get("/sensors/meta", response_model=schemas.MetaAnswer, responses=_READ)
async def meta(sensors: SensorsDep, _: SignedIn) -> Response:
    """Get the live plant's tags, speed and history length."""
    return answer(await sensors.ask("GET", "/sensors/meta"))


@router.put("/sensors/speed", response_model=schemas.SpeedAnswer, responses=_CHANGED)
async def set_speed(body: schemas.SpeedRequest, sensors: SensorsDep, _: Engineer) -> Response:
    """Set the speed of plant time. Engineers only."""
    return await _forward(body, sensors, "PUT", "/sensors/speed")


@router.get("/scenarios", response_model=schemas.ScenariosAnswer, responses=_READ)
async def scenarios(sensors: SensorsDep, _: SignedIn) -> Response:
    """List the scenarios of the live plant, and which one is active."""
    return answer(await sensors.ask("GET", "/scenarios"))


@router.post("/scenarios/activate", response_model=schemas.ActivateAnswer, responses=_CHANGED)
async def activate(body: schemas.ActivateRequest, sensors: SensorsDep, _: Operator) -> Response:
    """Activate a scenario of the live plant. Operators only."""
    return await _forward(body, sensors, "POST", "/scenarios/activate")


async def _forward(body: BaseModel, sensors: ServiceClient, method: str, path: str) -> Response:
    return answer(await sensors.ask(method, path, body.model_dump_json().encode()))
