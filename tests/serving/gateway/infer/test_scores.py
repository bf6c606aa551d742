"""What inference really answers is what the loop understands; and answers that it can't use."""

import json

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import JsonValue

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from serving.gateway.infer.brief import fetch_brief
from serving.gateway.infer.scores import score_row
from serving.gateway.live.watchers import model_versions
from serving.gateway.problems import BadAnswer
from serving.gateway.upstream import ServiceClient
from tests.bundle.factories import raw_table
from tests.serving.conftest import serve
from tests.serving.gateway.live.neighbours import Inference

pytestmark = pytest.mark.anyio
DEMO = load_profile("demo")


def upstream(app: FastAPI) -> ServiceClient:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False))
    return ServiceClient("inference", "http://inference", client)


@pytest.fixture
def readings(profile: PlantProfile) -> list[JsonValue]:
    rows = raw_table(profile).tail(96).to_dicts()
    return [row | {"timestamp": row["timestamp"].isoformat()} for row in rows]


async def test_the_real_inference_is_understood(
    mlflow, serving_settings, profile: PlantProfile, readings: list[JsonValue]
) -> None:
    async with serve(mlflow, serving_settings) as client:
        inference = upstream(client.app)  # type: ignore[attr-defined]
        outcome = await score_row(inference, profile, readings)
        assert [s.horizon_hours for s in outcome.scores] == [0, 1, 3, 6]
        assert outcome.fault == ""
        assert all(0 <= s.probability <= 1 and s.threshold is not None for s in outcome.scores)
        for score in outcome.scores:
            found = await fetch_brief(inference, profile.name, score.model, readings)
            assert found.missing == ""
            assert found.drivers
            owners = {*profile.tag_names, *profile.controllers}
            assert {driver.tag for driver in found.drivers} <= owners
            assert found.advice is not None
        versions = await model_versions(inference)
    assert versions[f"{profile.name}/plant_alarm_champion"]["version"] == 1


async def test_a_bad_signal_is_understood(
    mlflow, serving_settings, profile: PlantProfile, readings: list[JsonValue]
) -> None:
    row = readings[-1]
    assert isinstance(row, dict)
    bad = row | dict.fromkeys(("PDT31008", "PDT31008_max", "PDT31008_min"), -9999.0)
    async with serve(mlflow, serving_settings) as client:
        outcome = await score_row(upstream(client.app), profile, [*readings[:-1], bad])  # type: ignore[attr-defined]
    assert outcome.alarm
    assert [rule.name for rule in outcome.rules if rule.bad_signal] == ["PDT31008_L"]
    assert "PDT31008_L" not in [rule.name for rule in outcome.shown]
    assert outcome.bad_tags(profile) == {"PDT31008"}
    assert {score.confidence for score in outcome.scores} == {"reduced"}


@pytest.mark.parametrize(
    "change",
    [
        {"risk_score": None},
        {"risk_score": "high"},
        {"horizon_hours": -1},
        {"version": -1},
        {"interval": {"low": 0.1}},
        {"rules": [{"name": "x" * 41}]},
        {"model": "x" * 201},
    ],
)
async def test_a_score_that_can_not_be_used_is_none(change: dict, readings: list[JsonValue]) -> None:
    inference = Inference()
    usual = inference._usual("demo", "predict", {"readings": readings})
    inference.instead["predict"] = Response(json.dumps(usual | change), media_type="application/json")
    with pytest.raises(BadAnswer, match="inference sent an invalid response"):
        await score_row(upstream(inference.app), DEMO, readings)


async def test_a_plant_without_forecasters_has_its_risk_now(readings: list[JsonValue]) -> None:
    inference = Inference()
    inference.instead["forecast"] = Response(b"{}", 500, media_type="application/json")
    outcome = await score_row(
        upstream(inference.app), DEMO.model_copy(update={"models": ("champion",)}), readings
    )
    assert (outcome.now.horizon_hours, outcome.ahead, outcome.fault) == (0, (), "")


@pytest.mark.parametrize(
    "content", [b"{}", b'{"tags": [{"tag": "A"}]}', b'{"tags": [{"tag": "A", "contribution": "x"}]}']
)
async def test_drivers_that_can_not_be_used_are_told(content: bytes, readings: list[JsonValue]) -> None:
    inference = Inference()
    inference.instead["explain"] = Response(content, media_type="application/json")
    found = await fetch_brief(upstream(inference.app), "demo", "champion", readings)
    assert found.drivers is None
    assert found.missing.startswith("drivers: inference sent an invalid response (tags")
    assert found.advice is not None
