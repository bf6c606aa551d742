"""Readings that are judged one by one: the contract of the power grid's /predict."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.models.spec import model_spec
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from serving.inference.predict.schemas import PointwiseAnswer
from serving.settings import ServingSettings
from serving.telemetry.correlation import instance, place
from serving.telemetry.logs import ACCESS
from tests.bundle.factories import bundle_folder
from tests.serving.conftest import serve
from tests.serving.inference.test_metrics import figure
from tests.serving.mlflow_fake import FakeMlflow
from tests.serving.telemetry.conftest import Log, log

__all__ = ["log"]  # a fixture
pytestmark = pytest.mark.anyio
NAME = "power_grid_isolation_forest"
PATH = "/plants/power_grid/predict"
USUAL = {"voltage": 230.0, "current": 9.8, "frequency": 50.0}
SAG = {"voltage": 150.0, "current": 9.8, "frequency": 50.0}


@pytest.fixture(scope="module")
def grid() -> PlantProfile:
    return load_profile("power_grid")


@pytest.fixture(scope="module")
def forest(grid: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = model_spec("isolation_forest", grid)
    folder = tmp_path_factory.mktemp("grid") / "bundle"
    return bundle_folder(grid, folder, "isolation_forest", spec, slope=0, threshold=0.55)


@pytest.fixture
async def client(forest: Path, serving_settings: ServingSettings) -> AsyncIterator[httpx.AsyncClient]:
    mlflow = FakeMlflow()
    mlflow.publish(NAME, 3, forest, "champion")
    async with serve(mlflow, serving_settings) as client:
        yield client


async def judged(client: httpx.AsyncClient, *readings: object) -> httpx.Response:
    return await client.post(PATH, json={"readings": [*readings]})


async def test_a_plant_that_does_not_look_ahead_says_so(client: httpx.AsyncClient) -> None:
    asked = {"recent_observations": [USUAL] * 12, "horizon": "all"}
    answer = await client.post("/plants/power_grid/forecast", json=asked)
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "plant: got 'power_grid'; expected a plant with a forecaster; this one's profile lists none",
    )


async def test_each_reading_is_an_anomaly_or_not_by_its_own_score(
    client: httpx.AsyncClient, forest: Path
) -> None:
    response = await judged(client, USUAL, SAG, USUAL)
    answer = response.json()
    assert response.status_code == 200
    assert [one["anomaly"] for one in answer["predictions"]] == [False, True, False]
    rows = np.array([[230.0, 9.8, 50.0], [150.0, 9.8, 50.0], [230.0, 9.8, 50.0]])
    assert [one["score"] for one in answer["predictions"]] == Bundle.load(forest).score(rows).tolist()
    assert (answer["anomalies"], answer["total"]) == (1, 3)
    assert (answer["model"], answer["version"], answer["plant"]) == (NAME, 3, "power_grid")
    assert answer["served_by"] == instance() == response.headers["x-served-by"]
    assert answer["prediction_id"].startswith(f"{NAME}.3.")
    assert answer["imputed"] == answer["out_of_range"] == {}
    assert answer.keys() == PointwiseAnswer.model_fields.keys()
    PointwiseAnswer.model_validate(answer)


async def test_a_score_at_the_threshold_is_an_anomaly(client: httpx.AsyncClient) -> None:
    answer = (await judged(client, *({**USUAL, "voltage": 200.0 + v} for v in range(60)))).json()
    for one in answer["predictions"]:
        assert one["anomaly"] == (one["score"] >= answer["threshold"])
    assert 0 < answer["anomalies"] < answer["total"] == 60


async def test_readings_are_judged_alike_alone_and_together(client: httpx.AsyncClient) -> None:
    readings = [{**USUAL, "frequency": 49.5 + 0.01 * step} for step in range(100)]
    together = (await judged(client, *readings)).json()["predictions"]
    alone = [(await judged(client, reading)).json()["predictions"][0] for reading in readings[::20]]
    assert alone == together[::20]


async def test_times_are_optional_and_free_of_spacing(client: httpx.AsyncClient) -> None:
    late, early = {**USUAL, "timestamp": "2026-01-02T00:00:00Z"}, {**SAG, "Timestamp": "2026-01-01T07:13:02"}
    answer = (await judged(client, late, USUAL, early, late, {**USUAL, "timestamp": None})).json()
    assert [one["anomaly"] for one in answer["predictions"]] == [False, False, True, False, False]


async def test_what_is_missing_is_filled_and_told(client: httpx.AsyncClient) -> None:
    answer = (await judged(client, {"Voltage": 230}, {"voltage": None, "current": 9.8}, USUAL)).json()
    assert answer["imputed"] == {"voltage": 1, "current": 1, "frequency": 2}
    assert [one["anomaly"] for one in answer["predictions"]] == [False, False, False]


async def test_what_can_not_be_true_stays_unusual(client: httpx.AsyncClient) -> None:
    beyond = [{**USUAL, "voltage": -7e9}, {**USUAL, "frequency": 5000}]
    ends = [{**USUAL, "voltage": 0}, {**USUAL, "frequency": 60}]
    answer = (await judged(client, *beyond, *ends, USUAL)).json()
    assert answer["out_of_range"] == {"voltage": 1, "frequency": 1}
    assert answer["imputed"] == {}
    low, high, *others, usual = [one["score"] for one in answer["predictions"]]
    assert [low, high] == others
    assert min(low, high) > usual + 0.05


async def test_a_bad_signal_is_an_anomaly_where_a_limit_lies_on_its_side(client: httpx.AsyncClient) -> None:
    readings = [USUAL, {**USUAL, "voltage": 501}, {**USUAL, "current": -1}, {"current": 101, "voltage": None}]
    answer = (await judged(client, *readings)).json()
    high, low, crossed = (answer["predictions"][i] for i in (1, 2, 3))
    assert (high["anomaly"], high["confidence"]) == (True, "reduced")
    assert low["confidence"] == "reduced"
    assert (crossed["anomaly"], crossed["confidence"]) == (True, "none")
    assert [[rule["name"] for rule in rules] for rules in answer["rules"]] == [
        [],
        ["voltage_HH"],
        [],
        ["current_HH"],
    ]
    assert [(bad["reading"], bad["name"], bad["side"], bad["crossed"]) for bad in answer["bad_signals"]] == [
        (1, "voltage", "high", ["H 240", "HH 253"]),
        (2, "current", "low", []),
        (3, "current", "high", ["H 20", "HH 25"]),
    ]
    assert answer["anomalies"] == sum(one["anomaly"] for one in answer["predictions"])


async def test_no_reading_is_a_problem_of_its_own(client: httpx.AsyncClient) -> None:
    response = await judged(client)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:forewarn:problem:empty-batch"
    assert response.json()["detail"] == "readings: got none; expected at least one reading"


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ({"voltage": "230"}, "readings.1.voltage: got '230'; expected a number or null"),
        ({"voltage": True}, "readings.1.voltage: got true; expected a number or null"),
        (
            {"voltage": 1e200},
            "readings.1.voltage: not finite, or beyond 1e100; expected a finite number or null",
        ),
        ({"voltage": [1]}, "readings.1.voltage"),
        ({"volts": 230.0}, "readings.1: power_grid has no 'volts'; did you mean voltage?"),
        ({"voltage": 230.0, "VOLTAGE": 231.0}, "readings.1.VOLTAGE: given twice"),
        ({}, "readings.1: no value; expected at least one tag with a number"),
        ({"voltage": None}, "readings.1: no value"),
        ({**USUAL, "timestamp": "yesterday"}, "readings.1.timestamp: got 'yesterday'; expected ISO 8601"),
        ({**USUAL, "timestamp": 1700000000}, "readings.1.timestamp: got 1700000000"),
        (7, "readings.1"),
    ],
)
async def test_a_reading_at_fault_is_refused_with_its_place(
    client: httpx.AsyncClient, reading: object, says: str
) -> None:
    response = await judged(client, USUAL, reading)
    assert response.status_code == 422
    assert says in response.json()["detail"]


async def test_more_readings_than_are_taken_are_refused(client: httpx.AsyncClient) -> None:
    response = await judged(client, *[{"voltage": 1}] * 10_001)
    assert response.status_code == 422
    assert "at most 10000 items" in response.json()["detail"]


async def test_features_are_answered_as_for_every_plant(client: httpx.AsyncClient) -> None:
    answer = (await client.post(PATH, json={"features": SAG})).json()
    one = (await judged(client, SAG)).json()["predictions"][0]
    assert (answer["risk_score"], answer["alarm"]) == (one["score"], one["anomaly"])
    batch = (await client.post(f"{PATH}/batch", json={"rows": [SAG, USUAL]})).json()
    assert batch["alarm"] == [True, False]


async def test_the_plant_is_ready_with_the_model_that_answers(client: httpx.AsyncClient) -> None:
    ready = (await client.get("/plants/power_grid/ready")).json()
    assert (ready["ready"], ready["champion"]) == (True, 3)
    plants = {plant["name"]: plant for plant in (await client.get("/plants")).json()["plants"]}
    assert plants["power_grid"]["ready"] is True
    importance = (await client.get("/plants/power_grid/global_importance")).json()
    assert importance["model"] == NAME
    told = await client.post("/plants/power_grid/explain", json={"readings": [SAG]})
    assert told.json()["model"] == NAME


async def test_health_names_the_model_and_the_inputs_of_a_reading(client: httpx.AsyncClient) -> None:
    assert (await client.get("/plants/power_grid/health")).json() == {
        "status": "ok",
        "instance": instance(),
        "model": NAME,
        "version": 3,
        "features": ["voltage", "current", "frequency"],
    }


async def test_the_line_of_a_prediction_counts_its_readings(client: httpx.AsyncClient, log: Log) -> None:
    await judged(client, USUAL, SAG, SAG)
    (line,) = [line for line in log.lines if line["logger"] == ACCESS]
    assert (line["instance"], line["pod"]) == (instance(), place())
    assert (line["total"], line["anomalies"]) == (3, 2)


async def test_without_a_model_it_is_a_problem_that_says_what_to_do(
    serving_settings: ServingSettings,
) -> None:
    async with serve(FakeMlflow(), serving_settings) as client:
        for response in (await judged(client, USUAL), await client.get("/plants/power_grid/ready")):
            assert response.status_code == 503
            assert response.json()["type"] == "urn:forewarn:problem:not-ready"
            assert response.json()["missing"] == [NAME]
            assert "run `forewarn train power_grid`" in response.json()["detail"]


async def test_anomalies_are_counted_beside_the_latency(client: httpx.AsyncClient) -> None:
    labels = {"plant": "power_grid", "model": "isolation_forest"}
    await judged(client, USUAL, SAG, SAG)
    assert await figure(client, "anomalies_total", **labels) == 2
    await judged(client, SAG)
    await judged(client, USUAL)
    assert await figure(client, "anomalies_total", **labels) == 3
    assert await figure(client, "inference_latency_seconds_count", **labels) == 3
