"""Model swaps and pipeline runs become events when they change."""

import pytest
from fastapi import FastAPI, Request

from serving.gateway.drops.dagster import RUNS_QUERY
from serving.gateway.live import watchers
from serving.store.memory_tables import LiveState
from tests.serving.gateway.live.conftest import LiveSite, data, eventually
from tests.serving.gateway.processes import listening

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

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/graphql")
        async def graphql(request: Request) -> dict:
            self.queries.append((await request.json())["query"])
            return {"data": {"runsOrError": {"__typename": "Runs", "results": self.runs}}}

        return app


@pytest.fixture
def dagster() -> Dagster:
    return Dagster()


@pytest.fixture
def live_settings(live_settings, dagster: Dagster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watchers, "EVERY_S", 0.1)
    with listening(dagster.app) as address:
        yield live_settings.model_copy(update={"dagster_url": address})


async def test_a_run_is_told_whenever_it_changes(live: LiveSite, dagster: Dagster) -> None:
    await eventually(_count(dagster.queries), lambda count: count >= 1)
    dagster.runs = [run("STARTED", 1), run("STARTED", 0, plant=None, runId="other")]
    first = data((await live.events("run"))[0])
    assert first == {
        "id": "r1", "plant": "demo", "job": "demo__pipeline", "status": "STARTED", "steps_done": 1,
        "steps_failed": 0, "steps_total": 2, "started": 10.0, "ended": None,
    }  # fmt: skip
    seen = len(dagster.queries)
    await eventually(_count(dagster.queries), lambda count: count >= seen + 2)
    assert len(await live.events("run")) == 1
    dagster.runs = [run("SUCCESS", 2, 20.0)]
    told = data((await live.events("run", 2))[-1])
    assert (told["status"], told["steps_done"], told["ended"]) == ("SUCCESS", 2, 20.0)


async def test_a_swap_is_told_with_the_version_before(live: LiveSite) -> None:
    await live.scored(1)
    before = len(live.inference.asked)
    await eventually(_memory(live), lambda known: known)
    live.inference.versions["champion"] = 4
    told = data((await live.events("model"))[0])
    assert told == {"plant": "demo", "name": "champion", "version": 4, "aliases": [], "previous": 3}
    assert before >= 2


async def test_dagster_away_is_no_news(live: LiveSite, caplog: pytest.LogCaptureFixture) -> None:
    await live.scored(1)
    assert "dagster" not in caplog.text
    assert await live.events("run", 0) == []


def test_dagster_understands_what_it_is_asked() -> None:
    graphql = pytest.importorskip("graphql")
    schema = pytest.importorskip("dagster_graphql.schema").create_schema()
    assert graphql.validate(schema.graphql_schema, graphql.parse(RUNS_QUERY)) == []


def _count(things: list):
    async def count() -> int:
        return len(things)

    return count


def _memory(live: LiveSite):
    async def known() -> bool:
        async with live.gateway.database.read() as session:
            return await session.get(LiveState, "seen:model") is not None

    return known
