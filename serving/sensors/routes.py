"""The sensors API: HTTP over the living plant."""

from collections.abc import AsyncIterator
from itertools import islice
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from sse_starlette import EventSourceResponse

from plant_assets.simulation.effects import KIND_TAGS
from plant_assets.simulation.scenario_names import SCENARIOS, Scenario
from plant_assets.simulation.scenarios import DESCRIPTIONS, KINDS, applies
from serving.errors import invalid
from serving.sensors import schemas
from serving.sensors.clock import FASTEST, SLOWEST
from serving.sensors.metrics import ACTIVATIONS, EVENT_CLIENTS, HISTORY_READS, LIVE_READS
from serving.sensors.problems import PlantStopped, ScenarioNotApplicable
from serving.sensors.runner import PlantRunner, reading_event
from serving.web.app import SERVICE
from serving.web.bounded_route import SmallBodyRoute
from serving.web.broadcast import StreamSubscription
from serving.web.openapi import BODY, event_stream, problems
from serving.web.parts import part
from serving.web.sse import HeartbeatEvent

MOST_ROWS = 2000
SEND_WITHIN_S = 15
_BLOCK = 100
router = APIRouter(route_class=SmallBodyRoute)
Running = Annotated[PlantRunner, part("runner")]


@router.get("/sensors/live", tags=["readings"], response_model=schemas.LiveReading)
async def live(runner: Running) -> Response:
    """Get the newest complete interval, with the plant's time, speed and scenario."""
    LIVE_READS.inc()
    plant = runner.plant
    row = plant.rows[-1]
    more = {
        "id": row.number,
        "plant": plant.profile.name,
        "plant_time": plant.time,
        "speed": runner.clock.speed,
        "scenario": plant.scenario,
    }
    return _json(row.json[:-1] + b"," + orjson.dumps(more, option=orjson.OPT_UTC_Z)[1:])


@router.get(
    "/sensors/history", tags=["readings"], response_model=schemas.ReadingsAnswer, responses=problems(422)
)
async def history(
    runner: Running,
    hours: Annotated[int, Query(ge=1, le=MOST_ROWS, description="plant hours back from the newest row")] = 96,
) -> Response:
    """Get the rows of the newest hours, oldest first; at most 2000 rows."""
    plant = runner.plant
    seconds = plant.profile.sampling.interval.total_seconds()
    wanted = -(-hours * 3600 // int(seconds))
    if wanted > MOST_ROWS:
        most = int(MOST_ROWS * seconds // 3600)
        raise invalid("query.hours", f"{hours} hours are {wanted} rows", f"at most {most} hours")
    rows = [row.json for row in islice(plant.rows, max(0, len(plant.rows) - wanted), None)]
    HISTORY_READS.inc()
    head = orjson.dumps({"plant": plant.profile.name, "interval_s": seconds})
    return _json(head[:-1] + b',"rows":[' + b",".join(rows) + b"]}")


@router.get("/sensors/meta", tags=["readings"])
async def meta(request: Request, runner: Running) -> schemas.MetaAnswer:
    """Get the plant's tags with units, ranges and limits, its speed and history length."""
    plant = runner.plant
    interval = plant.profile.sampling.interval
    tags = [schemas.TagInfo.model_validate(tag, from_attributes=True) for tag in plant.profile.tags]
    return schemas.MetaAnswer(
        plant=plant.profile.name,
        title=plant.profile.title,
        interval_s=interval.total_seconds(),
        speed=runner.clock.speed,
        speed_range=(SLOWEST, FASTEST),
        history_hours=min(len(plant.rows), MOST_ROWS) * interval.total_seconds() / 3600,
        flush_hours=request.app.state.flush_hours,
        tags=tags,
    )


@router.put("/sensors/speed", tags=["the plant's time"], responses=problems(*BODY))
async def set_speed(body: schemas.SpeedRequest, runner: Running) -> schemas.SpeedAnswer:
    """Set the speed of plant time, until the service restarts."""
    runner.set_speed(body.hours_per_second)
    return schemas.SpeedAnswer(hours_per_second=runner.clock.speed, speed_range=(SLOWEST, FASTEST))


@router.get("/scenarios", tags=["scenarios"])
async def scenarios(runner: Running) -> schemas.ScenariosAnswer:
    """List the plant's scenarios, and which one is active."""
    plant = runner.plant
    return schemas.ScenariosAnswer(
        active=plant.scenario,
        since=plant.since,
        plant_time=plant.time,
        scenarios=[_info(name, plant.profile.tag_names) for name in SCENARIOS],
    )


@router.post("/scenarios/activate", tags=["scenarios"], responses=problems(*BODY))
async def activate(body: schemas.ActivateRequest, runner: Running) -> schemas.ActivateAnswer:
    """Activate a scenario. Its effects take hours of plant time; `normal` lets them decay."""
    plant = runner.plant
    if not applies(body.scenario, plant.profile.tag_names):
        possible = [name for name in SCENARIOS if applies(name, plant.profile.tag_names)]
        raise ScenarioNotApplicable(
            f"plant {plant.profile.name} does not support {body.scenario}; expected one of {', '.join(possible)}",
            tags=[*_info(body.scenario, []).tags],
        )
    changed = await runner.activate(body.scenario)
    if changed:
        ACTIVATIONS.labels(body.scenario).inc()
    return schemas.ActivateAnswer(scenario=plant.scenario, since=plant.since, changed=changed)


@router.get(
    "/sensors/events",
    tags=["readings"],
    response_class=Response,
    responses={
        **event_stream("`event: reading`, `id:` the row's number, `data:` the row as in /sensors/history"),
        **problems(422, 503, said={503: "Too many clients are connected; see Retry-After"}),
    },
)
async def events(
    runner: Running,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, lt=2**63, description="id of the last event received; later events are sent first"),
    ] = None,
) -> Response:
    """Stream readings as they are completed. A client that is too slow is disconnected and may resume."""
    runner.broadcast.check_room()
    return EventSourceResponse(
        _stream(runner, last_event_id),
        ping_message_factory=HeartbeatEvent,
        send_timeout=SEND_WITHIN_S,
        sep="\n",
    )


@router.get(
    "/ready",
    tags=[SERVICE],
    responses=problems(503, said={503: "The simulated plant has stopped; see the service's log"}),
)
async def ready(request: Request, runner: Running) -> schemas.SensorsReadiness:
    """Check that the simulated plant is running; lists current faults."""
    if request.app.state.life.done():
        raise PlantStopped("the simulated plant has stopped; see the service's log")
    plant = runner.plant
    return schemas.SensorsReadiness(
        plant=plant.profile.name, plant_time=plant.time, rows=len(plant.rows), faults=runner.faults
    )


async def _stream(runner: PlantRunner, last_id: int | None) -> AsyncIterator[bytes]:
    with runner.broadcast.join_place(StreamSubscription()) as client, EVENT_CLIENTS.track_inprogress():
        missed = [] if last_id is None else [row for row in runner.plant.rows if row.number > last_id]
        for i in range(0, len(missed), _BLOCK):
            yield b"".join(reading_event(row) for row in missed[i : i + _BLOCK])
        while (gathered := await client.gather()) is not None:
            yield gathered


def _info(name: Scenario, plant_tags: list[str]) -> schemas.ScenarioInfo:
    tags = list(dict.fromkeys(tag for kind in KINDS[name] for tag in KIND_TAGS[kind]))
    return schemas.ScenarioInfo(
        name=name, description=DESCRIPTIONS[name], tags=tags, applies=applies(name, plant_tags)
    )


def _json(document: bytes) -> Response:
    return Response(document, media_type="application/json")
