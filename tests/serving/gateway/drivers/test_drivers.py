"""GET /live/drivers: what moves the risk of the newest scored row."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Response

from serving.scores.tables import LiveScore
from tests.serving.gateway.fakes import START, problem, reading_rows
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
EXPLAINED = {
    "tags": [{"tag": "PDT31008", "contribution": 1.5}, {"tag": "LIC31002", "contribution": -0.5}],
    "local_importance": [
        {"feature": "PDT31008_slope_3h", "value": 12.0, "contribution": 1.1},
        {"feature": "LIC31002_deviation_std_3h", "value": 0.1, "contribution": -0.5},
        {"feature": "PDT31008", "value": 250.0, "contribution": 0.4},
    ],
    "base_value": -2.0, "output": -1.0, "space": "log_odds", "method": "linear_shap",
    "model": "demo_alarm_champion", "version": 3,
}  # fmt: skip
ADVICE = {"advice": "Lower the feed", "urgency": "warning", "check": ["FQ31050"], "why": "PDT31008 is 250"}


def answers(document: dict) -> Response:
    return Response(json.dumps(document), media_type="application/json")


@pytest.fixture
async def maria(site: Site) -> Member:
    site.live.rows = reading_rows(120)
    site.inference.instead["explain"] = answers(EXPLAINED)
    site.inference.instead["recommend"] = answers({"recommendation": [ADVICE], "why": "The risk is 0.3."})
    return await site.member("maria")


async def score_row(site: Site, number: int, plant: str = "demo") -> None:
    async with site.gateway.database.write() as session:
        session.add(
            LiveScore(
                plant=plant,
                plant_time=START + timedelta(hours=number),
                created_at=datetime.now(UTC),
                risk=0.3,
                alarm=False,
                passed_over=0,
                scores=[],
                rules=[],
                stale=[],
            )
        )


async def test_the_window_of_the_newest_scored_row_is_explained(site: Site, maria: Member) -> None:
    await score_row(site, 110)
    answer = (await maria.client.get("/live/drivers")).json()
    assert [tag["tag"] for tag in answer["tags"]] == ["PDT31008", "LIC31002"]
    assert [f["feature"] for f in answer["tags"][0]["features"]] == ["PDT31008_slope_3h", "PDT31008"]
    assert [f["feature"] for f in answer["tags"][1]["features"]] == ["LIC31002_deviation_std_3h"]
    assert (answer["advice"], answer["why"]) == ([ADVICE], "The risk is 0.3.")
    path, body = next(asked for asked in site.inference.asked if asked[0].endswith("/explain"))
    readings = json.loads(body)["readings"]
    assert path == "/plants/demo/explain"
    assert (len(readings), datetime.fromisoformat(readings[-1]["timestamp"])) == (
        96, START + timedelta(hours=110),
    )  # fmt: skip


async def test_a_row_is_explained_once_for_all(site: Site, maria: Member) -> None:
    await score_row(site, 110)
    other = await site.member("peter")
    both = await asyncio.gather(maria.client.get("/live/drivers"), other.client.get("/live/drivers"))
    assert both[0].json() == both[1].json()
    assert len(site.inference.asked) == 2
    await score_row(site, 111)
    assert (await maria.client.get("/live/drivers")).json()["score_id"] != both[0].json()["score_id"]
    assert len(site.inference.asked) == 4


async def test_without_advice_the_drivers_are_there(site: Site, maria: Member) -> None:
    await score_row(site, 110)
    site.inference.instead["recommend"] = problem(503, "service-away", "no rules are loaded")
    answer = (await maria.client.get("/live/drivers")).json()
    assert (answer["advice"], answer["why"]) == (None, "no rules are loaded")
    assert answer["tags"]


async def test_before_the_first_score_there_is_nothing(site: Site, maria: Member) -> None:
    answer = await maria.client.get("/live/drivers")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no row of plant demo has been scored")
    assert site.inference.asked == []


async def test_a_row_that_the_live_service_has_forgotten_is_not_explained(site: Site, maria: Member) -> None:
    await score_row(site, 500)
    answer = await maria.client.get("/live/drivers")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["the live service"])


async def test_inference_that_is_away_is_told_and_asked_again(site: Site, maria: Member) -> None:
    await score_row(site, 110)
    services = site.network.services
    away = services.pop(site.gateway.settings.port_inference)
    answer = await maria.client.get("/live/drivers")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["inference"])
    services[site.gateway.settings.port_inference] = away
    assert (await maria.client.get("/live/drivers")).status_code == 200


async def test_an_unusable_explanation_is_a_bad_answer(site: Site, maria: Member) -> None:
    await score_row(site, 110)
    site.inference.instead["explain"] = answers(EXPLAINED | {"tags": "many"})
    answer = await maria.client.get("/live/drivers")
    assert (answer.status_code, answer.json()["type"]) == (502, "urn:forewarn:problem:bad-answer")


async def test_another_plant_is_explained_on_its_live_rows(site: Site, maria: Member) -> None:
    plant = "gas_treatment"
    await score_row(site, 110, plant)
    away = site.network.services.pop(site.gateway.settings.port_live)
    answer = await maria.client.get("/live/drivers", params={"plant": plant})
    assert (answer.status_code, answer.json()["missing"]) == (503, ["the live service"])
    site.network.services[site.gateway.settings.port_live] = away
    site.live.rows = reading_rows(111)
    answer = await maria.client.get("/live/drivers", params={"plant": plant})
    assert (answer.status_code, answer.json()["plant"]) == (200, plant)


@pytest.mark.parametrize("plant", ["../x", ""])
async def test_a_plant_that_is_no_name_is_refused(site: Site, maria: Member, plant: str) -> None:
    await score_row(site, 110, "gas_treatment")
    answer = await maria.client.get("/live/drivers", params={"plant": plant})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.plant"


async def test_who_is_not_logged_in_is_told_nothing(site: Site) -> None:
    assert (await site.client.get("/live/drivers")).status_code == 401
