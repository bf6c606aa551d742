"""What Prometheus is told of models and their answers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from plant_assets.profile.model import PlantProfile
from serving.inference.metrics import (
    ModelsCollector,
    ScoreMetrics,
    record_pointwise,
    record_row,
    record_rows,
)
from serving.settings import ServingSettings
from serving.telemetry.notes import CURRENT, RequestNotes, RequestScore
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
SOFT: Any = SimpleNamespace(
    bundle=SimpleNamespace(manifest=SimpleNamespace(plant="unit", model="soft", horizon_hours=3.0)),
    registry_name="unit_soft",
)


def figures(registry: CollectorRegistry) -> dict[str, float]:
    """Samples as `name{label=value}`, without buckets and times of creation."""
    return {
        sample.name
        + (f"{{{','.join(map('='.join, sample.labels.items()))}}}" if sample.labels else ""): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


@pytest.fixture
def notes() -> Iterator[RequestNotes]:
    notes = RequestNotes({})
    token = CURRENT.set(notes)
    yield notes
    CURRENT.reset(token)


def test_what_models_answered_is_counted() -> None:
    registry = CollectorRegistry()
    scores = ScoreMetrics(registry)
    soft = RequestScore("unit", "soft", 0.25, 0, 3.0)
    scores.observe(RequestNotes({}, [RequestScore("unit", "hard", 0.75, 2, 0), soft]), 0.5)
    scores.observe(RequestNotes({}, [RequestScore("unit", "hard", 0.5, 1, 0, judged=True)]), 2.0)
    hard, far = "{plant=unit,model=hard}", "{plant=unit,model=soft}"
    assert figures(registry) == {
        f"inference_requests_total{hard}": 2,
        f"inference_requests_total{far}": 1,
        f"inference_latency_seconds_count{hard}": 2,
        f"inference_latency_seconds_sum{hard}": 2.5,
        f"inference_latency_seconds_count{far}": 1,
        f"inference_latency_seconds_sum{far}": 0.5,
        f"inference_last_risk_score{hard}": 0.5,
        f"inference_last_risk_score{far}": 0.25,
        f"inference_high_risk_total{hard}": 3,
        f"anomalies_total{hard}": 1,
        "forecast_requests_total{horizon=3}": 1,
    }


def test_half_a_millisecond_has_a_bucket_of_its_own() -> None:
    registry = CollectorRegistry()
    ScoreMetrics(registry).observe(RequestNotes({}, [RequestScore("unit", "hard", 0.5, 0, 0)]), 0.0004)
    bucket = {"plant": "unit", "model": "hard", "le": "0.0005"}
    assert registry.get_sample_value("inference_latency_seconds_bucket", bucket) == 1


def slot(model: str, /, **about: Any) -> SimpleNamespace:
    current = SimpleNamespace(**about) if about else None
    return SimpleNamespace(plant="unit", model=model, swaps=len(about), current=current)


def test_versions_and_the_memory_are_told_as_they_are_when_prometheus_asks() -> None:
    facts = SimpleNamespace(created=datetime.now(UTC) - timedelta(hours=1))
    reconciler: Any = SimpleNamespace(
        all_slots=[slot("hard", version=7, facts=facts, model=object()), slot("soft")],
        cache=SimpleNamespace(bytes=10, most_bytes=20, loads=3, evictions=1),
        registry_fault="",
    )
    registry = CollectorRegistry()
    registry.register(ModelsCollector(lambda: reconciler))
    hard, soft = "{plant=unit,model=hard}", "{plant=unit,model=soft}"
    found = figures(registry)
    assert found.pop(f"model_age_seconds{hard}") == pytest.approx(3600, abs=60)
    assert found == {
        f"model_version{hard}": 7,
        f"model_loaded{hard}": 1,
        f"model_loaded{soft}": 0,
        f"model_in_memory{hard}": 1,
        f"model_swaps_total{hard}": 3,
        f"model_swaps_total{soft}": 0,
        "models_memory_bytes": 10,
        "models_memory_limit_bytes": 20,
        "models_read_total": 3,
        "models_dropped_total": 1,
        "mlflow_up": 1,
    }
    reconciler.all_slots[0].current.model = None
    reconciler.registry_fault = "no answer"
    found = figures(registry)
    assert (found[f"model_in_memory{hard}"], found["mlflow_up"]) == (0, 0)


def test_before_the_service_runs_no_figure_is_told() -> None:
    registry = CollectorRegistry()
    registry.register(ModelsCollector(lambda: None))
    assert figures(registry) == {}
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(ModelsCollector(lambda: None))


def test_every_figure_is_explained_in_a_few_words() -> None:
    registry = CollectorRegistry()
    ScoreMetrics(registry)
    registry.register(ModelsCollector(lambda: None))
    for family in registry.collect():
        assert re.fullmatch(r"[A-Z1][a-z ].{5,70}[a-z]", family.documentation), family.name


def test_an_answer_is_noted_with_its_model(notes: RequestNotes) -> None:
    answer: Any = SimpleNamespace(risk_score=0.75, alarm=True, prediction_id="p1")
    record_row(answer, SOFT)
    assert notes.scores == [RequestScore("unit", "soft", 0.75, 1, 3.0)]
    assert notes.facts == {"plant": "unit", "model": "unit_soft", "prediction_id": "p1"}


def test_of_many_rows_the_last_score_and_all_alarms_are_noted(notes: RequestNotes) -> None:
    alarms = np.array([True, True, False, True])
    record_rows(SOFT, np.array([0.9, 0.8, 0.25, np.nan]), alarms, "p1")
    record_rows(SOFT, np.full(4, np.nan), alarms, "p2")
    assert notes.scores == [RequestScore("unit", "soft", 0.25, 2, 3.0, rows=3)]
    assert notes.facts["prediction_id"] == "p1"


def test_readings_judged_one_by_one_are_noted_as_such(notes: RequestNotes) -> None:
    record_pointwise(SOFT, np.array([0.9, 0.25]), np.array([True, True]), "p1")
    assert notes.scores == [RequestScore("unit", "soft", 0.25, 2, 3.0, judged=True, rows=2)]
    assert notes.facts["prediction_id"] == "p1"


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
