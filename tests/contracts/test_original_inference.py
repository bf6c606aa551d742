"""The documented calls of the gas unit's original inference API, with their bodies and the keys that they answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from serving.settings import ServingSettings
from tests.contracts.conftest import metric_names, missing
from tests.serving.conftest import published, serve

pytestmark = pytest.mark.anyio
PREDICT = {
    "features": {
        "failure_frequency_48": 9,
        "pdt31008_max": 340.0,
        "lic31002_deviation": 20.5,
        "lt301031": 8.0,
    }
}
OBSERVATIONS = [
    {"pdt31008": 231.0 + 4.5 * hour, "lt301031": 45.0 - 1.5 * hour, "te301020": 98.0} for hour in range(12)
]
EXPECTED = (
    "champion",
    "isolation_forest",
    "regime_classifier",
    "lr_soft_alarm",
    "rf_soft_alarm",
    "deviation_predictor",
    "forecaster_1h",
    "forecaster_3h",
    "forecaster_6h",
)


@pytest.fixture(scope="module")
async def client(
    bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    settings = ServingSettings(home=tmp_path_factory.mktemp("home"), poll_seconds=3600)
    async with serve(published(bundles), settings) as client:
        yield client


async def test_health_is_ok(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_predict_answers_risk_and_alarm(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/predict", json=PREDICT)).json()
    assert missing(answer, ("risk_score", "alarm")) == set()
    assert 0 <= answer["risk_score"] <= 1
    assert answer["alarm"] == 1, "true is equal to 1: 340 mbar meets an alarm rule"


@pytest.mark.parametrize("horizon", [1, 3, 6])
async def test_forecast_takes_twelve_rows(client: httpx.AsyncClient, horizon: int) -> None:
    body = {"recent_observations": OBSERVATIONS, "horizon": horizon}
    answer = (await client.post("/forecast", json=body)).json()
    assert missing(answer, ("risk_score", "alarm")) == set()
    assert answer["horizon_hours"] == horizon
    short = await client.post("/forecast", json=body | {"recent_observations": OBSERVATIONS[1:]})
    assert (short.status_code, "12" in short.json()["detail"]) == (422, True)


async def test_recommend_says_what_to_check_and_why(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/recommend", json=PREDICT)).json()
    assert missing(answer, ("recommendation", "urgency", "check", "why")) == set()
    assert answer["urgency"] == "high"
    assert answer["check"]


async def test_explain_lists_the_largest_contribution_first(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/explain", json=PREDICT)).json()
    assert missing(answer, ("local_importance", "base_value", "method")) == set()
    shares = answer["local_importance"]
    assert {"feature", "value", "contribution"} <= shares[0].keys()
    sizes = [abs(share["contribution"]) for share in shares]
    assert sizes == sorted(sizes, reverse=True)
    total = answer["base_value"] + sum(share["contribution"] for share in shares)
    assert total == pytest.approx(answer["output"])


async def test_global_importance_is_ranked(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/global_importance")).json()
    assert missing(answer, ("importances", "method")) == set()
    values = [one["importance"] for one in answer["importances"]]
    assert values == sorted(values, reverse=True)


async def test_every_expected_model_is_listed_with_its_status(client: httpx.AsyncClient) -> None:
    models = {model["name"]: model["status"] for model in (await client.get("/models")).json()["models"]}
    assert missing(models, (f"plant_alarm_{name}" for name in EXPECTED)) == set()
    assert models["plant_alarm_champion"] == "ready"
    assert models["plant_alarm_rf_soft_alarm"] == "absent"


async def test_figures_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.post("/predict", json=PREDICT)
    wanted = {
        "inference_requests_total",
        "inference_last_risk_score",
        "inference_latency_seconds_bucket",
    }
    assert wanted - await metric_names(client) == set()
