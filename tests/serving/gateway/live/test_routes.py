"""GET /live and /live/scores."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.gateway.live.status import OFF
from serving.scores.tables import LiveScore
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.fakes import live_rows, reading_rows
from tests.serving.gateway.live.conftest import LiveSite
from tests.serving.gateway.live.neighbours import START
from tests.serving.gateway.site import Site, client_of

pytestmark = pytest.mark.anyio


def score(number: int, plant: str = "demo") -> LiveScore:
    return LiveScore(
        plant=plant, plant_time=START + timedelta(hours=number), created_at=datetime.now(UTC), risk=number / 10,
        alarm=False, passed_over=0, scores=[], rules=[], stale=[],
    )  # fmt: skip


async def test_a_gateway_without_the_loop_says_so(site: Site) -> None:
    maria = await site.member("maria")
    assert (await maria.client.get("/live")).json() == {
        "role": OFF, "services": {}, "plant": None, "plant_time": None, "scored_time": None,
        "backlog": 0, "stale": [],
    }  # fmt: skip


async def test_a_gateway_with_the_loop_says_how_it_is(live: LiveSite) -> None:
    await live.scored(1)
    user = await live.gateway.accounts.add("maria", "correct horse battery", "viewer")
    tokens = await live.gateway.sessions.begin(user.id)
    async with client_of(live.apps[0], tokens.access) as client:
        answer = (await client.get("/live")).json()
        rows = (await client.get("/live/scores")).json()["rows"]
        assert (await client.get("/ready")).json()["live"] == "scores"
    assert (answer["role"], answer["plant"]) == ("scores", "demo")
    assert answer["services"].items() >= {"sensors": "answers", "inference": "answers"}.items()
    assert [s["horizon_hours"] for s in rows[0]["scores"]] == [0, 1, 3, 6]


async def test_rows_and_state_of_other_plants_are_those_of_the_live_service(site: Site) -> None:
    maria, plant = await site.member("maria"), "gas_treatment"
    simulated = (await maria.client.get("/live/rows?hours=5")).json()
    assert (simulated["plant"], len(simulated["rows"])) == ("demo", 5)
    away = await maria.client.get(f"/live/rows?plant={plant}")
    assert (away.status_code, away.json()["missing"]) == (503, ["the live service"])
    site.network.services[site.gateway.settings.port_live] = live_rows(plant, reading_rows(9))
    shown = (await maria.client.get(f"/live/rows?plant={plant}&hours=7")).json()
    assert (shown["plant"], shown["interval_s"]) == (plant, 3600)
    assert [row["values"]["PDT31008"] for row in shown["rows"]] == [202.0 + n for n in range(7)]
    state = (await maria.client.get(f"/live?plant={plant}")).json()
    assert (state["role"], state["plant"], state["backlog"]) == ("scores", plant, 3)
    plants = (await maria.client.get("/plants")).json()["plants"]
    assert {one["name"] for one in plants if one["live"]} == {"demo", plant}


@both_databases
async def test_scores_page_newest_first(site: Site) -> None:
    async with site.gateway.database.write() as session:
        session.add_all([score(n) for n in range(5)])
        session.add(score(9, "gas_treatment"))
    maria = await site.member("maria")
    first = (await maria.client.get("/live/scores?limit=3")).json()
    assert [row["risk"] for row in first["rows"]] == [0.4, 0.3, 0.2]
    rest = (await maria.client.get(f"/live/scores?before={first['next']}")).json()
    assert ([row["risk"] for row in rest["rows"]], rest["next"]) == ([0.1, 0.0], None)
    other = (await maria.client.get("/live/scores?plant=gas_treatment")).json()
    assert len(other["rows"]) == 1


@both_databases
async def test_scores_of_a_period_hold_both_its_ends(site: Site) -> None:
    async with site.gateway.database.write() as session:
        session.add_all([score(n) for n in range(5)])
    maria = await site.member("maria")
    period = {
        "since": (START + timedelta(hours=1)).isoformat(),
        "until": (START + timedelta(hours=3)).isoformat(),
    }
    found = (await maria.client.get("/live/scores", params=period)).json()
    assert [row["risk"] for row in found["rows"]] == [0.3, 0.2, 0.1]
    page = (await maria.client.get("/live/scores", params={**period, "limit": 2})).json()
    rest = (await maria.client.get("/live/scores", params={**period, "before": page["next"]})).json()
    assert ([row["risk"] for row in rest["rows"]], rest["next"]) == ([0.1], None)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=x", "before=0", "plant=../x", "plant=",
        "since=yesterday", "until=2026-01-01T00:00:00",
    ],
)  # fmt: skip
async def test_a_query_that_can_not_be_used_is_refused(site: Site, query: str) -> None:
    maria = await site.member("maria")
    answer = await maria.client.get(f"/live/scores?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:forewarn:problem:invalid-request")
