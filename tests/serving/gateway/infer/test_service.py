"""/infer/auto: against fakes, and against the real inference."""

import json

import httpx
import polars as pl
import pytest
from fastapi import Response

from plant_assets.profile.model import PlantProfile
from serving.inference.app import create_app
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.gateway.fakes import FakeLive, problem, reading_rows
from tests.serving.gateway.site import Member, Site
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def maria(site: Site) -> Member:
    return await site.member("maria")


async def auto(member: Member, **params: str) -> httpx.Response:
    return await member.client.post("/infer/auto", params=params)


async def test_the_newest_readings_are_scored_explained_and_stored(site: Site, maria: Member) -> None:
    answer = (await auto(maria)).json()
    asked = {path: json.loads(body) for path, body in site.inference.asked}
    readings = asked["/plants/demo/predict"]["readings"]
    assert (len(readings), readings[0]) == (
        96,
        {"timestamp": "2026-01-01T00:00:00+00:00", "PDT31008": 200.0, "LT301031": 200.0},
    )
    assert asked["/plants/demo/forecast"] == {"horizon": "all", "recent_observations": readings}
    assert asked["/plants/demo/explain"] == {"readings": readings}
    assert answer["readings"] == {
        "rows": 96,
        "first": "2026-01-01T00:00:00Z",
        "last": "2026-01-04T23:00:00Z",
    }
    assert (answer["prediction"]["model"], len(answer["forecasts"])) == ("plant_alarm_champion", 3)
    assert answer["explanation"]["method"] == "explain"
    assert answer["explanation_missing"] is None
    entry = (await maria.client.get(f"/history/{answer['history_id']}")).json()
    assert (entry["type"], entry["risk_score"], entry["alarm"]) == ("auto", 0.7, True)
    assert set(entry["answer"]) == {"plant", "readings", "prediction", "forecasts"}
    assert "local_importance" not in json.dumps(entry)


async def test_a_plant_that_judges_each_reading_is_asked_for_the_newest_alone(
    site: Site, maria: Member
) -> None:
    site.live.plant = "power_grid"
    judged = {"predictions": [{"anomaly": False, "score": 0.4}], "threshold": 0.5}
    judged |= {
        "model": "grid_isolation_forest",
        "version": 2,
        "prediction_id": "grid.2.1",
        "plant": "power_grid",
    }
    site.inference.instead["predict"] = Response(json.dumps(judged), media_type="application/json")
    answer = (await auto(maria)).json()
    told = answer["prediction"]
    asked = {path: json.loads(body) for path, body in site.inference.asked}
    assert len(asked["/plants/power_grid/predict"]["readings"]) == 1, "the others were judged when they came"
    assert (answer["forecasts"], "/plants/power_grid/forecast" in asked) == ([], False)
    assert (told["risk_score"], told["alarm"], told["anomaly_probability"]) == (0.4, False, None)
    assert (told["threshold"], told["imputed"], told["rules"]) == (0.5, [], [])
    entry = (await maria.client.get(f"/history/{answer['history_id']}")).json()
    assert (entry["risk_score"], entry["alarm"], entry["model"]) == (0.4, False, "grid_isolation_forest")


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (
            problem(404, "not-found", "nothing at this path"),
            "inference refused to explain: nothing at this path",
        ),
        (problem(503, "not-ready", "no explainer"), "inference refused to explain: no explainer"),
        (Response("<html>", 500), "inference failed (status 500); see its log"),
    ],
)
async def test_without_an_explanation_the_score_is_given_and_the_reason(
    site: Site, maria: Member, refusal: Response, reason: str
) -> None:
    site.inference.instead["explain"] = refusal
    answer = await auto(maria)
    assert answer.status_code == 200
    assert (answer.json()["explanation"], answer.json()["explanation_missing"]) == (None, reason)


@pytest.mark.parametrize("name", ["predict", "forecast"])
async def test_without_a_score_the_refusal_is_passed_on(site: Site, maria: Member, name: str) -> None:
    site.inference.instead[name] = problem(503, "not-ready", "no model yet")
    answer = await auto(maria)
    assert (answer.status_code, answer.json()["detail"]) == (503, "no model yet")
    assert (await maria.client.get("/history")).json()["entries"] == []


async def test_a_plant_that_is_not_simulated_is_scored_on_its_live_rows(site: Site, maria: Member) -> None:
    plant = "gas_treatment"
    site.live.rows = reading_rows(60)
    answer = await auto(maria, plant=plant)
    assert (answer.status_code, answer.json()["plant"]) == (200, plant)
    assert answer.json()["readings"]["rows"] == 60
    assert {path.split("/")[2] for path, _ in site.inference.asked} == {plant}


async def test_a_plant_without_live_rows_is_told_by_the_live_service(site: Site, maria: Member) -> None:
    refusal = problem(404, "not-found", "plant gas_treatment has no live rows: no reading has come yet")
    site.live.instead = refusal
    answer = await auto(maria, plant="gas_treatment")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "plant gas_treatment has no live rows: no reading has come yet",
    )


async def test_a_plant_without_readings_is_asked_again_later(site: Site, maria: Member) -> None:
    site.live.rows = []
    answer = await auto(maria)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["missing"] == ["the live service"]


async def test_a_live_service_that_is_away_is_said_to_be(site: Site, maria: Member) -> None:
    del site.network.services[site.gateway.settings.port_live]
    answer = await auto(maria)
    assert (answer.status_code, answer.json()["missing"]) == (503, ["the live service"])
    assert site.inference.asked == []


@pytest.mark.parametrize(
    "rows",
    [
        "none",
        [{"values": {}}],
        [{"timestamp": "2026-01-01T00:00:00", "values": {}}],
        [{"timestamp": "2026-01-01T00:00:00Z", "values": {"PDT31008": "high"}}],
        [{"timestamp": "2026-01-01T00:00:00Z", "values": [1]}],
        reading_rows(1) * 2001,
    ],
)
async def test_a_live_service_that_says_something_else_is_at_fault(site: Site, maria: Member, rows) -> None:
    site.live.instead = Response(json.dumps({"plant": "demo", "rows": rows}))
    answer = await auto(maria)
    assert (answer.status_code, answer.json()["type"]) == (502, "urn:forewarn:problem:bad-answer")
    assert answer.json()["detail"].startswith("the live service sent an invalid response (rows")


@pytest.mark.parametrize("plant", ["../v2", "Demo", "", 1])
async def test_the_name_of_a_plant_is_no_path(site: Site, maria: Member, plant) -> None:
    site.live.instead = Response(json.dumps({"plant": plant, "rows": reading_rows(1)}))
    assert (await auto(maria)).status_code == 502
    assert site.inference.asked == []


async def test_real_inference_scores_the_readings(
    site: Site, maria: Member, mlflow: FakeMlflow, profile: PlantProfile, serving_settings: ServingSettings
) -> None:
    real = create_app(serving_settings, transport=mlflow)
    raw = raw_table(profile).tail(96)
    times = raw["timestamp"].dt.to_string("iso:strict").to_list()
    rows = [
        {"timestamp": time, "values": values, "quality": {}}
        for time, values in zip(times, raw.drop("timestamp").to_dicts(), strict=True)
    ]
    settings = site.gateway.settings
    live = FakeLive(rows, plant=profile.name)
    site.network.services = {settings.port_inference: real, settings.port_live: live.app}
    readings = raw.with_columns(pl.Series("timestamp", times)).to_dicts()
    async with real.router.lifespan_context(real):
        await real.state.reconciler.refresh()
        answer = await auto(maria)
        alone = await maria.client.post(
            "/infer/predict", params={"plant": profile.name}, json={"readings": readings}
        )
        refused = await maria.client.post("/infer/predict", json={"features": {"PDT3108": 1}})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["prediction"]["risk_score"] == alone.json()["risk_score"]
    assert [forecast["horizon_hours"] for forecast in found["forecasts"]] == [1, 3, 6]
    assert found["explanation"] is not None or found["explanation_missing"]
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:forewarn:problem:unknown-feature")
    kinds = [entry["type"] for entry in (await maria.client.get("/history")).json()["entries"]]
    assert kinds == ["predict", "auto"]
