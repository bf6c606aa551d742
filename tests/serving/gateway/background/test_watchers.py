"""Model swaps, pipeline runs and the state of the live service become events when they change."""

import json
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, HTTPException, Request, Response

from serving.events.kinds import EventMessage
from serving.gateway.background import watchers
from serving.gateway.drops.dagster import RUNS_QUERY
from serving.gateway.event_types import GatewayEvent
from serving.settings import ServingSettings
from serving.store.memory_tables import LiveState
from tests.serving.gateway.site import Site, running_site
from tests.serving.live.site import LiveService

pytestmark = pytest.mark.anyio


def run(status: str, done: int, ended: float | None = None, plant: str | None = "demo", **more) -> dict:
    """A run as Dagster's GraphQL gives it."""
    return {
        "runId": "r1", "status": status, "jobName": "demo__pipeline", "startTime": 10.0, "endTime": ended,
        "stepKeysToExecute": None, "executionPlan": {"steps": [{"key": "a"}, {"key": "b"}]},
        "tags": [{"key": "forewarn/plant", "value": plant}] if plant else [],
        "stats": {"stepsSucceeded": done, "stepsFailed": 0},
    } | more  # fmt: skip


class Dagster:
    """Answers what a test put in."""

    def __init__(self) -> None:
        self.runs: list[dict] = []
        self.queries: list[str] = []
        self.is_broken = False

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/graphql")
        async def graphql(request: Request) -> dict:
            self.queries.append((await request.json())["query"])
            if self.is_broken:
                raise HTTPException(503)
            return {"data": {"runsOrError": {"__typename": "Runs", "results": self.runs}}}

        return app


@pytest.fixture
def dagster() -> Dagster:
    return Dagster()


@pytest.fixture
async def site(
    gateway_settings: ServingSettings, dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setattr(watchers, "EVERY_S", 0.05)
    async with running_site(gateway_settings, has_tasks=True) as site:
        site.network.services[gateway_settings.port_dagster] = dagster.app
        site.inference.instead["plants"] = models(version=3)
        await LiveService.until(lambda: _begun(site), lambda begun: begun == 3)
        yield site


def models(version: int) -> Response:
    champion = {"name": "champion", "version": version, "aliases": []}
    document = {"plants": [{"name": "demo", "models": [champion]}]}
    return Response(json.dumps(document), media_type="application/json")


async def _begun(site: Site) -> int:
    """How many watchers have looked once."""
    async with site.gateway.database.read() as session:
        names = [f"seen:{kind}" for kind in ("run", "model", "status")]
        return sum([await session.get(LiveState, name) is not None for name in names])


async def told(site: Site, kind: str, count: int = 1) -> list[dict]:
    """The data of all events of a kind, once there are so many; each has the shape that clients are promised."""

    async def found() -> list[EventMessage]:
        return [m for m in await site.gateway.events.after(0, limit=5000) if m.type == kind]

    documents = [json.loads(e.data) for e in await LiveService.until(found, lambda all_: len(all_) >= count)]
    for document in documents:
        event = {"event": kind, "data": document}
        assert GatewayEvent.model_validate(event).model_dump(mode="json") == event
    return documents


async def test_a_run_is_told_whenever_it_changes(site: Site, dagster: Dagster) -> None:
    dagster.runs = [run("STARTED", 1), run("STARTED", 0, plant=None, runId="other")]
    assert await told(site, "run") == [
        {
            "id": "r1", "plant": "demo", "job": "demo__pipeline", "status": "STARTED", "steps_done": 1,
            "steps_failed": 0, "steps_total": 2, "started": 10.0, "ended": None,
        }
    ]  # fmt: skip
    seen = len(dagster.queries)
    await LiveService.until(lambda: _count(dagster), lambda count: count >= seen + 2)
    assert len(await told(site, "run")) == 1
    dagster.runs = [run("SUCCESS", 2, 20.0)]
    newest = (await told(site, "run", 2))[-1]
    assert (newest["status"], newest["steps_done"], newest["ended"]) == ("SUCCESS", 2, 20.0)


async def test_a_swap_is_told_with_the_version_before(site: Site) -> None:
    site.inference.instead["plants"] = models(version=4)
    assert await told(site, "model") == [
        {"plant": "demo", "name": "champion", "version": 4, "aliases": [], "previous": 3}
    ]


async def test_a_live_service_that_goes_and_comes_is_told(site: Site) -> None:
    port = site.gateway.settings.port_live
    service = site.network.services.pop(port)
    (away,) = await told(site, "status")
    assert (away["role"], away["plant"]) == ("the live service does not respond; try again", None)
    site.network.services[port] = service
    assert (await told(site, "status", 2))[-1]["role"] == "scores"


async def test_dagster_away_is_no_news(
    site: Site, dagster: Dagster, caplog: pytest.LogCaptureFixture
) -> None:
    seen = len(dagster.queries)
    dagster.is_broken = True
    await LiveService.until(lambda: _count(dagster), lambda count: count >= seen + 2)
    assert "dagster" not in caplog.text
    assert await told(site, "run", 0) == []


def test_dagster_understands_what_it_is_asked() -> None:
    graphql = pytest.importorskip("graphql")
    schema = pytest.importorskip("dagster_graphql.schema").create_schema()
    assert graphql.validate(schema.graphql_schema, graphql.parse(RUNS_QUERY)) == []


async def _count(dagster: Dagster) -> int:
    return len(dagster.queries)
