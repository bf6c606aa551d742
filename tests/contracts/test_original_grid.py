"""The documented calls of the original power grid service, at its own paths: `power_grid` is the default plant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from serving.settings import ServingSettings
from tests.contracts.conftest import metric_names, missing
from tests.serving.conftest import serve
from tests.serving.inference.predict.grid import trained_bundle
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
MODEL = "power_grid_isolation_forest"
USUAL = {"voltage": 230.1, "current": 9.8, "frequency": 50.02}
FAULT = {"voltage": 271.0, "current": 28.5, "frequency": 50.7, "timestamp": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServingSettings:
    return ServingSettings(
        home=tmp_path_factory.mktemp("home"), default_plant="power_grid", poll_seconds=3600, max_body_mb=1
    )


@pytest.fixture(scope="module")
async def client(
    settings: ServingSettings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    mlflow = FakeMlflow()
    folder = trained_bundle(datetime(2026, 11, 1, tzinfo=UTC), tmp_path_factory.mktemp("grid"))
    mlflow.publish(MODEL, 1, folder, "champion")
    async with serve(mlflow, settings) as client:
        yield client


async def test_two_readings_are_usual_and_an_anomaly(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/predict", json={"readings": [USUAL, FAULT]})).json()
    assert missing(answer, ("predictions", "anomalies", "total", "served_by")) == set()
    assert [one["anomaly"] for one in answer["predictions"]] == [False, True]
    assert (answer["anomalies"], answer["total"]) == (1, 2)
    usual, fault = (one["score"] for one in answer["predictions"])
    assert usual < fault


@pytest.mark.parametrize(
    ("readings", "status"),
    [
        ([], 400),
        ([{**USUAL, "voltage": "high"}], 422),
        ([{**USUAL, "current": None, "voltage": None, "frequency": None}], 422),
        ("none", 422),
    ],
)
async def test_what_can_not_be_scored_is_refused(
    client: httpx.AsyncClient, readings: object, status: int
) -> None:
    answer = await client.post("/predict", json={"readings": readings})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_health_names_the_model_and_its_features(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/health")).json()
    assert answer["status"] == "ok"
    assert (answer["model"], answer["features"]) == (MODEL, ["voltage", "current", "frequency"])
    assert answer["instance"] == (await client.get("/live")).json()["instance"]


async def test_the_process_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert [(await client.get(path)).status_code for path in ("/live", "/ready")] == [200, 200]


async def test_before_a_model_there_is_life_and_nothing_to_ask(settings: ServingSettings) -> None:
    here = settings.model_copy(update={"home": settings.home / "empty"})
    async with serve(FakeMlflow(), here) as client:
        asked = await client.post("/predict", json={"readings": [USUAL]})
        assert (asked.status_code, (await client.get("/ready")).status_code) == (503, 503)
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/health")).json()["model"] is None


async def test_figures_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.post("/predict", json={"readings": [USUAL, FAULT]})
    wanted = {
        "requests_total",
        "request_latency_seconds_bucket",
        "inference_latency_seconds_bucket",
        "anomalies_total",
    }
    assert wanted - await metric_names(client) == set()
