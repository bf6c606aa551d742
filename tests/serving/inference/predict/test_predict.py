import math
import re
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


async def predict(client: httpx.AsyncClient, **body) -> httpx.Response:
    return await client.post("/predict", json=body)


def imputed(answer: dict, bundle: Bundle) -> list[str]:
    """The model's features that `imputed` means."""
    return [name for name in bundle.names if any(fnmatchcase(name, told) for told in answer["imputed"])]


async def test_features_are_answered_as_the_bundle_does(client, bundles, profile: PlantProfile) -> None:
    bundle = Bundle.load(bundles["v1"])
    row = bundle.reference_rows[0]
    given = {n.lower(): float(v) for n, v in zip(bundle.names, row, strict=True) if np.isfinite(v)}
    answer = (await predict(client, features=given)).json()
    assert answer["risk_score"] == pytest.approx(float(bundle.score(row)[0]), abs=1e-12)
    assert answer["anomaly_probability"] == answer["risk_score"]
    assert answer["alarm"] == (answer["risk_score"] >= answer["threshold"])
    assert (answer["model"], answer["version"], answer["plant"]) == (CHAMPION_NAME, 1, profile.name)
    assert imputed(answer, bundle) == [
        n for n, v in zip(bundle.names, row, strict=True) if not np.isfinite(v)
    ]
    assert answer["horizon_hours"] == 0


async def test_every_answer_has_an_id_of_its_own(client) -> None:
    ids = {(await predict(client, features={"PDT31008": 220.0})).json()["prediction_id"] for _ in range(3)}
    assert len(ids) == 3


async def test_the_documented_call_is_an_alarm_by_its_hard_limit(client, bundles) -> None:
    given = {"failure_frequency_48": 9, "pdt31008_max": 340.0, "lic31002_deviation": 20.5, "lt301031": 8.0}
    answer = (await predict(client, features=given)).json()
    assert answer["alarm"] is True
    assert [rule["name"] for rule in answer["rules"]] == ["high_differential_pressure"]
    assert answer["unused"] == ["failure_frequency_48", "PDT31008_max"]
    assert {"LT301031_*", "LIC31002_deviation_*", "TE301020*"} <= set(answer["imputed"])
    assert answer["n_imputed"] == len(Bundle.load(bundles["v1"]).names) - 2
    assert len(answer["imputed"]) < 20


async def test_a_body_that_is_said_to_be_as_it_is_is_taken(client) -> None:
    headers = {"Content-Encoding": "Identity"}
    answer = await client.post("/predict", json={"features": HIGH_MEDIAN}, headers=headers)
    assert answer.status_code == 200


async def test_no_rule_holds_below_its_limit(client) -> None:
    assert (await predict(client, features={"pdt31008_max": 300.0})).json()["rules"] == []


HIGH_MEDIAN = {"PDT31008": 480.0}
"""No maximum is given, and it can't be below this."""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"features": HIGH_MEDIAN}),
        ("/predict", {"features": {**HIGH_MEDIAN, "PDT31008_max": None}}),
        ("/predict", {"features": {**HIGH_MEDIAN, "PDT31008_max": 1e9}}),
        ("/predict", {"readings": [{"PDT31008": 220.0}, HIGH_MEDIAN]}),
        ("/explain", {"features": HIGH_MEDIAN}),
        ("/recommend", {"features": HIGH_MEDIAN}),
    ],
    ids=["absent", "null", "no true value", "readings", "explain", "recommend"],
)
async def test_a_value_crosses_the_limit_of_the_maximum_that_was_not_given(client, path, body) -> None:
    answer = (await client.post(path, json=body)).json()
    assert answer["alarm"] is True
    assert [rule["name"] for rule in answer["rules"]] == ["high_differential_pressure"]


async def test_a_given_maximum_is_what_its_rule_reads(client) -> None:
    answer = (await predict(client, features={**HIGH_MEDIAN, "PDT31008_max": 290.0})).json()
    assert answer["rules"] == []


async def test_readings_are_told_what_of_them_the_model_does_not_use(client) -> None:
    readings = [{"PDT31008": 220.0, "PDT31008_max": 221.0}, {"PDT31008": 221.0, "PDT31008_max": 230.0}]
    assert (await predict(client, readings=readings)).json()["unused"] == ["PDT31008_max"]
    assert (await predict(client, readings=[{"PDT31008": 220.0}])).json()["unused"] == []


async def test_readings_score_as_the_newest_row_of_the_whole_history(
    client, bundles, profile: PlantProfile
) -> None:
    await scores_as_the_batch(client, bundles["v1"], raw_table(profile), profile)


@pytest.mark.real_data
@pytest.mark.parametrize("version", [1, 2])
async def test_real_readings_score_as_the_newest_row_of_the_whole_history(
    mlflow, serving_settings, bundles, profile: PlantProfile, real_data: Path, version: int
) -> None:
    export = real_data / "gas_treatment" / "labeled_dataset.csv"
    reading = read_drop_file(export, profile, max_bytes=10_000_000, now=datetime(2026, 1, 1, tzinfo=UTC))
    raw = resample(reading.records, profile).select("timestamp", *profile.columns)
    mlflow.publish(CHAMPION_NAME, version, bundles[f"v{version}"], "champion")
    async with serve(mlflow, serving_settings) as client:
        for rows in (raw.height, 300):
            await scores_as_the_batch(client, bundles[f"v{version}"], raw.head(rows), profile)


async def scores_as_the_batch(client, folder: Path, raw: pl.DataFrame, profile: PlantProfile) -> None:
    """Hold /predict of the newest 96 raw rows against the bundle on the features asset's last row."""
    readings = raw.tail(96).with_columns(pl.col("timestamp").dt.to_string("iso:strict")).to_dicts()
    answer = (await predict(client, readings=readings)).json()
    features = compute_features(with_deviations(raw, profile), feature_specs(profile)).drop("timestamp")
    bundle = Bundle.load(folder)
    assert features.columns == list(bundle.names)
    newest = np.array(features.row(-1), dtype=float)
    assert answer["risk_score"] == pytest.approx(float(bundle.score(newest)[0]), abs=1e-9)
    missing = [n for n, v in zip(bundle.names, newest, strict=True) if not np.isfinite(v)]
    assert (imputed(answer, bundle), answer["n_imputed"]) == (missing, len(missing))


async def test_readings_with_times_in_order_are_accepted(client, profile: PlantProfile) -> None:
    rows = raw_table(profile).tail(30).to_dicts()
    timed = [{**row, "timestamp": row["timestamp"].isoformat()} for row in rows]
    plain = [{k: v for k, v in row.items() if k != "timestamp"} for row in rows]
    answers = [(await predict(client, readings=r)).json()["risk_score"] for r in (timed, plain)]
    assert answers[0] == answers[1]


async def test_rows_that_are_absent_hold_the_row_before_as_in_ingest(client, profile: PlantProfile) -> None:
    rows = [
        {**row, "timestamp": row["timestamp"].isoformat()} for row in raw_table(profile).tail(40).to_dicts()
    ]
    held = profile.sampling.hold_limit // profile.sampling.interval
    assert held == 6
    gap = [*rows[:10], *rows[10 + held :]]
    filled = [
        *rows[:10],
        *({**rows[9], "timestamp": row["timestamp"]} for row in rows[10 : 10 + held]),
        *rows[10 + held :],
    ]
    answers = [(await predict(client, readings=r)).json()["risk_score"] for r in (gap, filled, rows)]
    assert answers[0] == answers[1] != answers[2]
    refused = await predict(client, readings=[*rows[:10], *rows[11 + held :]])
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "readings.10.timestamp: 8:00:00 after the row before; expected rows 1h apart, oldest first, gaps of 6h at most"
    )


async def test_gaps_cannot_make_rows_without_end(client, profile: PlantProfile) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        {"timestamp": (start + timedelta(hours=7 * i)).isoformat(), "PDT31008": 200.0} for i in range(1430)
    ]
    answer = await predict(client, readings=rows)
    assert answer.status_code == 422
    assert (
        answer.json()["detail"] == "readings: 10,004 rows, including those in gaps; expected at most 10,000"
    )


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (["2024-01-01T00:00Z", "2024-01-01T08:00Z"], "readings.1.timestamp: 8:00:00 after the row before"),
        (["2024-01-01T00:00Z", "2024-01-01T01:30Z"], "readings.1.timestamp: 1:30:00 after the row before"),
        (["2024-01-01T01:00Z", "2024-01-01T00:00Z"], "readings.1.timestamp: earlier than the row before"),
        (["2024-01-01T01:00Z", "2024-01-01T01:00Z"], "readings.1.timestamp: duplicate time"),
        (["2024-01-01T01:00Z", None], "readings.1.timestamp: missing in some rows"),
        (["2024-01-01T00:00Z", "2024-01-01T01:00"], "readings.1.timestamp: with and without offset"),
        (["yesterday", "2024-01-01T01:00Z"], "readings.0.timestamp: got 'yesterday'"),
        ([20240101.12, "2024-01-01T13:00"], "readings.0.timestamp: got 20240101.12"),
    ],
)
async def test_times_at_fault_are_named(client, times: list[str | float | None], said: str) -> None:
    rows = [{"PDT31008": 200.0} | ({"timestamp": t} if t else {}) for t in times]
    answer = await predict(client, readings=rows)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{said}; expected ")


async def test_a_time_given_twice_is_refused(client) -> None:
    rows = [{"PDT31008": 200.0, "time": "2024-01-01T00:00Z", "Timestamp": "2024-01-01T01:00Z"}]
    answer = await predict(client, readings=rows)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(
        "readings.0.timestamp: given twice; expected one of timestamp or"
    )


async def test_an_unknown_feature_is_refused_with_the_nearest_known(client) -> None:
    answer = await predict(client, features={"PDT3108": 1.0, "LT301031_std_3hours": 2.0})
    assert answer.status_code == 422
    document = answer.json()
    assert document["type"] == "urn:forewarn:problem:unknown-feature"
    assert document["nearest"] == {"PDT3108": "PDT31008", "LT301031_std_3hours": "LT301031_std_3h"}


async def test_an_unknown_tag_in_a_reading_is_refused_with_its_row(client) -> None:
    answer = await predict(client, readings=[{"PDT31008": 1.0}, {"XYZ": 1.0}])
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("readings.1: gas_treatment has no 'XYZ'")


async def test_a_tag_twice_in_a_reading_is_refused_with_its_row(client) -> None:
    answer = await predict(client, readings=[{"PDT31008": 1.0}, {"PDT31008": 1.0, "pdt31008": 2.0}])
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "readings.1.pdt31008: given twice; expected each name once, in any case",
    )


async def test_extreme_numbers_are_answered_with_a_probability(mlflow, serving_settings) -> None:
    mlflow.publish(CHAMPION_NAME, 2, mlflow.versions[CHAMPION_NAME, 2], "champion")
    async with serve(mlflow, serving_settings) as client:
        for value in (1e100, -1e100, 1e-300, 0):
            given = {"PDT31008": value, "LT301031_std_3h": value, "TE301020": 108.0}
            answer = await predict(client, features=given)
            assert answer.status_code == 200
            assert 0 <= answer.json()["risk_score"] <= 1
            assert math.isfinite(answer.json()["risk_score"])


async def test_each_plant_has_routes_of_its_own(client) -> None:
    assert (
        await client.post("/plants/gas_treatment/predict", json={"features": {"PDT31008": 220.0}})
    ).status_code == 200
    assert (
        await client.post("/plants/demo/predict", json={"features": {"PDT31008": 220.0}})
    ).status_code == 503
    missing = await client.post("/plants/nowhere/predict", json={"features": {"PDT31008": 220.0}})
    assert missing.status_code == 404
    assert missing.json()["detail"].startswith("no plant 'nowhere'; expected one of demo, gas_treatment")


async def test_the_plants_are_listed(client) -> None:
    answer = await client.get("/plants")
    assert answer.status_code == 200
    assert answer.json()["left_out"] == []
    plants = {plant.pop("name"): plant for plant in answer.json()["plants"]}
    assert {"demo", "gas_treatment"} <= plants.keys()
    models = plants["gas_treatment"].pop("models")
    assert plants["gas_treatment"] == {
        "title": load_profile("gas_treatment").title,
        "default": True,
        "ready": True,
        "fault": "",
        "answering": CHAMPION_NAME,
    }
    assert (plants["demo"]["default"], plants["demo"]["ready"]) == (False, False)
    assert {"version": 1, "status": "ready", "in_memory": True}.items() <= models[-1].items()
    listed = (await client.get("/models")).json()["models"]
    assert models == [{key: model[key] for key in models[0]} for model in listed]


@pytest.mark.parametrize(
    "body",
    [
        {"features": {}},
        {"features": {"PDT31008": None}},
        {"readings": [{"timestamp": "2024-01-01T00:00Z"}]},
        {"readings": [{"PDT31008": None}, {}]},
    ],
)
async def test_nothing_is_no_reason_for_a_reassuring_answer(client, body: dict) -> None:
    answer = await client.post("/predict", json=body)
    assert answer.status_code == 422
    assert "no value" in answer.text


async def test_a_value_that_cannot_be_true_counts_as_missing_and_is_told(client) -> None:
    answer = (await predict(client, features={"PDT31008": 1e9, "LT301031": 45.0})).json()
    without = (await predict(client, features={"LT301031": 45.0})).json()
    assert answer["out_of_range"] == ["PDT31008"]
    assert "PDT31008*" in answer["imputed"]
    assert answer["risk_score"] == without["risk_score"]
    assert without["out_of_range"] == []
    readings = [{"PDT31008": 220.0}, {"PDT31008": -9999.0, "TE301020": 108.0}]
    answer = (await predict(client, readings=readings)).json()
    assert answer["out_of_range"] == ["PDT31008"]
    assert (answer["alarm"], [rule["name"] for rule in answer["rules"]]) == (True, ["PDT31008_L"])


async def test_the_page_of_the_api_needs_no_internet(client) -> None:
    page = (await client.get("/docs")).text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert (await client.get(address)).status_code == 200


async def test_paths_and_methods_that_are_not_there(client) -> None:
    assert (await client.get("/nothing")).json()["type"] == "urn:forewarn:problem:not-found"
    wrong = await client.get("/predict")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:forewarn:problem:method-not-allowed")
    assert wrong.headers["allow"] == "POST"
    slash = await client.post("/predict/", json={"features": {"PDT31008": 1}})
    assert (slash.status_code, slash.json()["type"]) == (404, "urn:forewarn:problem:not-found")


async def test_an_unexpected_failure_is_a_problem_document_without_details(client, monkeypatch) -> None:
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr("serving.inference.predict.routes.predict_row", fail)
    answer = await predict(client, features={"PDT31008": 220.0})
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:forewarn:problem:internal")
    assert "secret" not in answer.text
