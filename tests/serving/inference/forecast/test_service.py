import asyncio
import json
import shutil
import threading
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.features.windows import window_features
from plant_assets.profile.model import PlantProfile
from serving.inference.forecast import routes
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


@pytest.fixture
def observations(profile: PlantProfile) -> list[dict]:
    """The last 12 rows, names in lower case."""
    rows = raw_table(profile).tail(12).drop("timestamp").to_dicts()
    return [{name.lower(): value for name, value in row.items()} for row in rows]


async def test_a_forecast_is_the_bundle_s_answer_to_the_batch_windows(
    client, observations, bundles, profile: PlantProfile
) -> None:
    body = {"recent_observations": observations, "horizon": 3}
    answer = (await client.post("/forecast", json=body)).json()
    windows = window_features(raw_table(profile).tail(12), profile).drop("timestamp")
    expected = Bundle.load(bundles["forecaster_3h"]).score(np.array(windows.row(-1), dtype=float))
    assert answer["anomaly_probability"] == pytest.approx(float(expected[0]), abs=1e-6)
    assert (answer["horizon_hours"], answer["n_observations"]) == (3, 12)
    assert answer["model"] == "plant_alarm_forecaster_3h"
    assert answer["alarm"] == (answer["anomaly_probability"] >= answer["threshold"])


async def test_all_horizons_in_one_answer(client, observations) -> None:
    answer = (
        await client.post("/forecast", json={"recent_observations": observations, "horizon": "all"})
    ).json()
    assert [f["horizon_hours"] for f in answer["forecasts"]] == [1, 3, 6]
    assert answer["n_observations"] == 12


async def test_more_rows_than_the_window_answer_by_the_newest(client, observations) -> None:
    longer = [{"pdt31008": 999.0}, *observations]
    answers = [
        (await client.post("/forecast", json={"recent_observations": rows})).json()
        for rows in (observations, longer)
    ]
    assert answers[0]["risk_score"] == answers[1]["risk_score"]
    assert answers[1]["n_observations"] == 13


async def test_columns_of_exports_that_no_model_reads_change_nothing(client, observations) -> None:
    extra = {
        "failure_frequency_48": 9,
        "pdt31008_roll3h_mean": 1.0,
        "hour_of_day": 3,
        "lic31002_deviation_max": 4.0,
    }
    answers = [
        (await client.post("/forecast", json={"recent_observations": rows, "horizon": 6})).json()
        for rows in (observations, [{**row, **extra} for row in observations])
    ]
    assert answers[0]["risk_score"] == answers[1]["risk_score"]


@pytest.mark.real_data
@pytest.mark.parametrize("path", ["/predict", "/forecast"])
async def test_rows_of_a_real_export_are_taken_as_they_stand(client, real_data: Path, path: str) -> None:
    export = pl.read_csv(real_data / "gas_treatment" / "labeled_dataset.csv").tail(48)
    rows = [{name.lower(): value for name, value in row.items()} for row in export.to_dicts()]

    async def ask(given: list[dict]) -> httpx.Response:
        readings = {"recent_observations": given, "horizon": "all"}
        return await client.post(path, json={"readings": given} if path == "/predict" else readings)

    answer = await ask(rows)
    assert answer.status_code == 200, answer.text
    refused = await ask([{**row, "pdt3108_max": 1.0} for row in rows])
    assert refused.status_code == 422
    assert "did you mean PDT31008_max?" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recent_observations": [{}] * 11}, "recent_observations: 11 rows"),
        ({"horizon": 2}, "horizon: got 2"),
        ({"horizon": "some"}, "horizon"),
        ({"horizon": "3"}, "horizon: got '3'; expected a whole number of hours, or 'all'"),
        ({"horizon": True}, "horizon: got true; expected a whole number"),
        ({"horizon": 2.5}, "horizon: got 2.5; expected a whole number"),
        ({"recent_observations": [{"pdt31008": 1.0}] * 11 + [{"nope": 1.0}]}, "recent_observations.11: "),
        ({"recent_observations": [{"pdt31008": "high"}] * 12}, "recent_observations.0.pdt31008"),
        ({"recent_observations": []}, "recent_observations"),
    ],
)
async def test_what_is_wrong_is_named(client, observations, change: dict, said: str) -> None:
    answer = await client.post("/forecast", json={"recent_observations": observations, **change})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_others_do_not_wait_for_many_readings(client, observations, monkeypatch) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(*given, original=routes.forecast) -> dict:
        began.set()
        assert go_on.wait(20)
        return original(*given)

    monkeypatch.setattr(routes, "forecast", slow)
    body = {"recent_observations": observations * 50}
    asked = asyncio.create_task(client.post("/forecast", json=body))
    assert await asyncio.to_thread(began.wait, 20)
    async with asyncio.timeout(20):
        assert (await client.get("/health")).status_code == 200
    go_on.set()
    assert (await asked).status_code == 200


async def test_a_forecast_has_the_band_that_its_bundle_holds(
    mlflow: FakeMlflow, serving_settings: ServingSettings, observations, bundles, tmp_path: Path
) -> None:
    banded = Path(shutil.copytree(bundles["forecaster_1h"], tmp_path / "banded"))
    document = json.loads((banded / "bundle.json").read_text())
    document["interval"] = {"probability": [0.0, 1.0], "low": [0.0, 0.8], "high": [0.3, 1.0]}
    (banded / "bundle.json").write_text(json.dumps(document))
    mlflow.publish("plant_alarm_forecaster_1h", 2, banded, "champion")
    async with serve(mlflow, serving_settings) as client:
        body = {"recent_observations": observations, "horizon": "all"}
        first, second, _ = (await client.post("/forecast", json=body)).json()["forecasts"]
    p = first["anomaly_probability"]
    assert first["interval"] == pytest.approx({"low": 0.8 * p, "high": 0.3 + 0.7 * p})
    assert second["interval"] is None


@pytest.mark.parametrize(
    ("place", "time", "said"),
    [
        (5, "2024-01-01T06:00Z", "recent_observations.6.timestamp: duplicate time"),
        (5, "2024-01-01T13:00Z", "recent_observations.5.timestamp: 9:00:00 after the row before"),
        (5, "2024-01-01T02:00Z", "recent_observations.5.timestamp: earlier than the row before"),
        (5, "2024-01-01T04:30Z", "recent_observations.5.timestamp: 0:30:00 after the row before"),
        (5, None, "recent_observations.5.timestamp: missing in some rows"),
    ],
)
async def test_times_at_fault_are_named_by_row(
    client, observations, place: int, time: str | None, said: str
) -> None:
    timed = [{**row, "timestamp": f"2024-01-01T{hour:02}:00Z"} for hour, row in enumerate(observations)]
    timed[place]["timestamp"] = time
    answer = await client.post("/forecast", json={"recent_observations": timed})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{said}; expected ")


async def test_an_absent_forecaster_is_503_with_what_is_missing(
    mlflow, serving_settings, observations
) -> None:
    del mlflow.aliases["plant_alarm_forecaster_6h"]
    async with serve(mlflow, serving_settings) as client:
        gone = await client.post("/forecast", json={"recent_observations": observations, "horizon": 6})
        there = await client.post("/forecast", json={"recent_observations": observations, "horizon": 1})
    assert (gone.status_code, there.status_code) == (503, 200)
    assert gone.json()["missing"] == ["plant_alarm_forecaster_6h"]
    assert gone.json()["detail"].endswith("; drop an export, or wait until its training ends")
    assert int(gone.headers["retry-after"]) > 0
