"""GET /live and /live/scores."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.scores.tables import LiveScore
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.fakes import START, reading_rows
from tests.serving.gateway.site import Site

pytestmark = pytest.mark.anyio


def score(number: int, plant: str = "demo") -> LiveScore:
    return LiveScore(
        plant=plant, plant_time=START + timedelta(hours=number), created_at=datetime.now(UTC), risk=number / 10,
        alarm=False, passed_over=0, scores=[], rules=[], stale=[],
    )  # fmt: skip


async def test_rows_and_state_are_those_of_the_live_service(site: Site) -> None:
    maria = await site.member("maria")
    site.live.rows = reading_rows(9)
    shown = (await maria.client.get("/live/rows?hours=7")).json()
    assert (shown["plant"], shown["interval_s"]) == ("demo", 3600)
    assert [row["values"]["PDT31008"] for row in shown["rows"]] == [202.0 + n for n in range(7)]
    other = (await maria.client.get("/live/rows?plant=gas_treatment")).json()
    assert other["plant"] == "gas_treatment"
    for plant, query in (("demo", ""), ("gas_treatment", "?plant=gas_treatment")):
        state = (await maria.client.get(f"/live{query}")).json()
        assert (state["role"], state["plant"], state["backlog"]) == ("scores", plant, 3)


async def test_while_the_live_service_is_away_the_state_says_so(site: Site) -> None:
    maria = await site.member("maria")
    del site.network.services[site.gateway.settings.port_live]
    away = await maria.client.get("/live/rows")
    assert (away.status_code, away.json()["missing"]) == (503, ["the live service"])
    assert (await maria.client.get("/live")).json() == {
        "role": "the live service does not respond; try again", "services": {}, "plant": "demo",
        "plant_time": None, "scored_time": None, "backlog": 0, "stale": [],
    }  # fmt: skip


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
