"""What Prometheus is told of models and their answers."""

import httpx
import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from plant_assets.profile.model import PlantProfile
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
ALARM = {"features": {"pdt31008_max": 340.0, "lic31002_deviation": 20.5, "lt301031": 8.0}}


async def figure(client: httpx.AsyncClient, name: str, **labels: str) -> float | None:
    """A sample's value; None where there is none."""
    text = (await client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return next((s.value for s in samples if s.name == name and s.labels == labels), None)


CHAMPION = {"plant": "gas_treatment", "model": "champion"}


async def test_answers_are_counted_by_plant_and_model(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        calm = (await client.post("/predict", json={"features": {"pdt31008": 200.0}})).json()
        assert await figure(client, "inference_last_risk_score", **CHAMPION) == calm["risk_score"]
        before = await figure(client, "inference_high_risk_total", **CHAMPION) or 0.0
        alarm = (await client.post("/predict", json=ALARM)).json()
        assert alarm["alarm"] is True
        assert await figure(client, "inference_high_risk_total", **CHAMPION) == before + 1
        assert await figure(client, "inference_requests_total", **CHAMPION) == 2
        assert await figure(client, "inference_latency_seconds_count", **CHAMPION) == 2
        counted = {"path": "/predict", "method": "POST", "status": "200"}
        assert await figure(client, "requests_total", **counted) == 2


async def test_a_batch_is_one_request_of_many_rows(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    rows = {"pdt31008_max": [340.0, None, 340.0], "lic31002_deviation": [20.5, None, 20.5]}
    async with serve(mlflow, serving_settings) as client:
        batch = (await client.post("/predict/batch", json={"columns": rows})).json()
        assert batch["alarm"] == [True, None, True]
        assert await figure(client, "inference_requests_total", **CHAMPION) == 1
        assert await figure(client, "inference_high_risk_total", **CHAMPION) == 2
        assert await figure(client, "inference_last_risk_score", **CHAMPION) == batch["risk_score"][2]


async def test_an_answer_over_the_protocol_counts_too(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = f"/v2/models/{CHAMPION_NAME}"
        (asked,) = (await client.get(name)).json()["inputs"]
        width = asked["shape"][1]
        tensor = {"name": asked["name"], "shape": [1, width], "datatype": "FP64", "data": [1.0] * width}
        answer = await client.post(f"{name}/infer", json={"inputs": [tensor]})
        assert answer.status_code == 200, answer.text
        assert await figure(client, "inference_requests_total", **CHAMPION) == 1


async def test_refusals_are_no_inferences(mlflow: FakeMlflow, serving_settings: ServingSettings) -> None:
    async with serve(mlflow, serving_settings) as client:
        assert (await client.post("/predict", json={"features": {"nothing": 1.0}})).status_code == 422
        assert (await client.post("/plants/nowhere/predict", json=ALARM)).status_code == 404
        assert await figure(client, "inference_requests_total", **CHAMPION) is None
        text = (await client.get("/metrics")).text
        assert "nowhere" not in text, "labels are of plants that exist"


@pytest.mark.parametrize(("horizon", "counted"), [(3, {"3": 1}), ("all", {"1": 1, "3": 1, "6": 1})])
async def test_forecasts_are_counted_by_horizon(
    mlflow: FakeMlflow,
    serving_settings: ServingSettings,
    profile: PlantProfile,
    horizon: int | str,
    counted: dict[str, int],
) -> None:
    rows: pl.DataFrame = raw_table(profile).tail(12).drop("timestamp")
    body = {"recent_observations": rows.to_dicts(), "horizon": horizon}
    async with serve(mlflow, serving_settings) as client:
        assert (await client.post("/forecast", json=body)).status_code == 200
        found = {h: await figure(client, "forecast_requests_total", horizon=h) for h in ("1", "3", "6")}
    assert {h: n for h, n in found.items() if n} == counted


async def test_versions_ages_and_swaps_are_told(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        assert await figure(client, "model_version", **CHAMPION) == 1
        assert await figure(client, "model_swaps_total", **CHAMPION) == 1
        assert await figure(client, "model_loaded", plant="demo", model="champion") == 0
        assert await figure(client, "model_version", plant="demo", model="champion") is None
        age = await figure(client, "model_age_seconds", **CHAMPION)
        assert age is not None
        assert age > 0
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await client.app.state.reconciler.refresh()  # type: ignore[attr-defined]
        assert await figure(client, "model_version", **CHAMPION) == 2
        assert await figure(client, "model_swaps_total", **CHAMPION) == 2
        assert await figure(client, "mlflow_up") == 1
