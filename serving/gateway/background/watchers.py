"""Looks after model versions, pipeline runs and the live service, and tells clients when they change.

Belongs here: what is asked, how often, and what counts as a change. A service that is away is passed over in
silence: /ready tells of it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, JsonValue

from serving.errors import Problem
from serving.events.kinds import LiveEvent
from serving.events.log import EventLog
from serving.gateway.drops.dagster import PLANT_TAG, PipelineRun, newest_runs
from serving.gateway.live.schemas import RunData, RunEvent
from serving.gateway.models.schemas import ModelData, ModelEvent
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.scores.schemas import LiveAnswer, StatusEvent
from serving.store.database import Database
from serving.store.memory import TaskMemory

EVERY_S = 2.0
WATCHES = "scores"
NEWEST_RUNS = 20


class WatchedModel(BaseModel):
    name: str
    version: int | None = None
    aliases: list[str] = []


class WatchedPlant(BaseModel):
    name: str
    models: list[WatchedModel]


class WatchedPlants(BaseModel):
    plants: list[WatchedPlant]


Thing = dict[str, JsonValue]
Known = dict[str, Thing]


class WatcherMemory(BaseModel):
    """What was told last, by name; `begun` is False before the first look, which tells nothing."""

    begun: bool = False
    things: Known = {}


@dataclass(slots=True)
class ChangeWatcher:
    """Looks at things in turn, and tells of those that changed.

    Args:
        tell: the event of a thing that changed; the second argument is how it was before, empty where it is new.
        look: the things as they are, by name; raises `Problem` where nobody answers.
    """

    kind: Literal["run", "model", "status"]
    tell: Callable[[Thing, Thing], LiveEvent]
    look: Callable[[], Awaitable[Known]]
    database: Database
    events: EventLog
    _memory: TaskMemory[WatcherMemory] = field(init=False)

    def __post_init__(self) -> None:
        self._memory = TaskMemory(self.database, f"seen:{self.kind}", WatcherMemory)

    async def run(self) -> None:
        """Look until cancelled."""
        seen = await self._memory.load()
        while True:
            with contextlib.suppress(Problem):  # away; the next look may find it
                seen = await self._compare(seen, await self.look())
            await asyncio.sleep(EVERY_S)

    async def _compare(self, seen: WatcherMemory, things: Known) -> WatcherMemory:
        changed = {name: thing for name, thing in things.items() if seen.things.get(name) != thing}
        if not changed and seen.begun:
            return seen
        now = WatcherMemory(begun=True, things=things)
        async with self.events.change() as change:
            if seen.begun:
                for name, thing in changed.items():
                    change.tell(self.tell(thing, seen.things.get(name, {})))
            await self._memory.keep(change.session, now)
        return now


def model_event(model: Thing, before: Thing) -> ModelEvent:
    return ModelEvent(data=ModelData.model_validate({**model, "previous": before.get("version")}))


def run_event(run: Thing, _before: Thing) -> RunEvent:
    return RunEvent(data=RunData.model_validate(run))


def status_event(service: Thing, _before: Thing) -> StatusEvent:
    """Of all plants: what single plants do is told by the live service itself."""
    status = LiveAnswer.model_validate({"plant": None, "plant_time": None, "scored_time": None, **service})
    return StatusEvent(data=status)


async def live_state(live: ServiceClient) -> Known:
    """Whether the live service watches plants, or why not."""
    try:
        await live.ask("GET", "/ready")
    except Problem as problem:
        return {live.name: {"role": problem.detail}}
    return {live.name: {"role": WATCHES}}


async def model_versions(inference: ServiceClient) -> Known:
    """Every plant's models with the version that answers, by one request.

    Raises:
        Problem: inference doesn't respond.
    """
    plants = parse_answer(WatchedPlants, await inference.ask("GET", "/plants"), inference.name).plants
    found: Known = {}
    for plant in plants:
        for model in plant.models:
            if model.version is not None:
                found[f"{plant.name}/{model.name}"] = {"plant": plant.name, **model.model_dump(mode="json")}
    return found


async def plant_runs(dagster: ServiceClient) -> Known:
    """The newest runs that belong to a plant.

    Raises:
        Problem: Dagster doesn't respond.
    """
    documents = [_document(run) for run in await newest_runs(dagster, NEWEST_RUNS)]
    return {run.id: run.model_dump(mode="json") for run in documents if run.plant is not None}


def _document(run: PipelineRun) -> RunData:
    return RunData(
        id=run.id,
        plant=run.values.get(PLANT_TAG),
        job=run.job,
        status=run.status,
        steps_done=run.stats.succeeded,
        steps_failed=run.stats.failed,
        steps_total=len(run.planned) or None,
        started=run.started,
        ended=run.ended,
    )
