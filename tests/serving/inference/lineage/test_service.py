import shutil
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


async def predict(client) -> str:
    answer = await client.post("/predict", json={"features": {"PDT31008": 220.0}})
    return answer.json()["prediction_id"]


async def promote(client, mlflow: FakeMlflow, version: int) -> None:
    mlflow.aliases[CHAMPION_NAME]["champion"] = version
    await client.app.state.reconciler.refresh()


async def test_a_prediction_leads_to_its_version_runs_files_and_rows(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        answer = await client.get(f"/lineage/{name}")
        same = await client.get(f"/plants/gas_treatment/lineage/{name}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found == same.json()
    assert (found["prediction_id"], found["plant"]) == (name, "gas_treatment")
    assert (found["prediction"]["model"], found["prediction"]["version"]) == (CHAMPION_NAME, 1)
    made = datetime.fromisoformat(found["prediction"]["at"])
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=1)
    version = found["model_version"]
    assert (version["aliases"], version["answers_now"]) == (["champion"], True)
    assert version["page"] == f"http://127.0.0.1:5000/#/models/{CHAMPION_NAME}/versions/1"
    assert found["mlflow_run"] == {"run_id": "run1", "page": "http://127.0.0.1:5000/#/runs/run1"}
    run = found["dagster_run"]
    assert (run["run_id"], run["page"]) == ("dagster-run", "http://127.0.0.1:3000/runs/dagster-run")
    assert run["assets"][-1] == {
        "key": "gas_treatment/challenger",
        "page": "http://127.0.0.1:3000/assets/gas_treatment/challenger",
    }
    data = found["data"]
    assert (data["fingerprint"], data["rows"]) == ("fingerprint-7", 160)
    (file,) = data["files"]
    assert (file["name"], file["sha256"], file["first_row"], file["last_row"]) == (
        "january.csv",
        "a" * 64,
        2,
        161,
    )
    assert (data["further_files"], data["further_records"]) == (2, 60)
    assert (file["ingested_records"], "ingested_rows" in file) == (160, False)
    assert file["first"].endswith("Z")
    assert found["notes"] == []


async def test_links_lead_where_the_settings_say(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    elsewhere = serving_settings.model_copy(update={"dagster_url": "https://plant.example/dagster/"})
    async with serve(mlflow, elsewhere) as client:
        found = (await client.get(f"/lineage/{await predict(client)}")).json()
    assert found["dagster_run"]["page"] == "https://plant.example/dagster/runs/dagster-run"


async def test_a_forecast_has_a_lineage_too(mlflow: FakeMlflow, serving_settings: ServingSettings) -> None:
    async with serve(mlflow, serving_settings) as client:
        body = {"recent_observations": [{"PDT31008": 220.0}] * 12, "horizon": "all"}
        for one in (await client.post("/forecast", json=body)).json()["forecasts"]:
            found = (await client.get(f"/lineage/{one['prediction_id']}")).json()
            assert found["model_version"]["name"] == one["model"]


async def test_an_older_version_is_traced_after_a_restart(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        await promote(client, mlflow, 2)
    async with serve(mlflow, serving_settings) as client:
        found = (await client.get(f"/lineage/{name}")).json()
    assert (found["model_version"]["version"], found["model_version"]["answers_now"]) == (1, False)
    assert (found["model_version"]["aliases"], found["model_version"]["algorithm"]) == ([], "logistic")
    assert found["data"]["files"][0]["name"] == "january.csv"
    assert found["notes"] == []


async def test_without_mlflow_what_is_loaded_is_told_with_a_note(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        await promote(client, mlflow, 2)
        mlflow.down = True
        found = (await client.get(f"/lineage/{name}")).json()
    assert found["data"]["files"][0]["name"] == "january.csv"
    assert found["mlflow_run"]["run_id"] == "run1"
    assert found["model_version"]["registered"] is None
    (note,) = found["notes"]
    assert note.startswith("MLflow does not respond")


async def test_without_mlflow_a_version_that_isnt_loaded_is_503(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
    mlflow.down = True
    shutil.rmtree(serving_settings.models_folder)
    async with serve(mlflow, serving_settings) as client:
        answer = await client.get(f"/lineage/{name}")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["MLflow"]
    assert f"version 1 of {CHAMPION_NAME} is not on this machine" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0


async def test_a_deleted_version_leaves_what_the_name_says(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
    del mlflow.versions[CHAMPION_NAME, 1]
    mlflow.aliases[CHAMPION_NAME]["champion"] = 2
    async with serve(mlflow, serving_settings) as client:
        found = (await client.get(f"/lineage/{name}")).json()
    assert found["prediction"]["version"] == 1
    assert (found["data"], found["mlflow_run"]) == (None, None)
    assert found["notes"] == ["version 1 was deleted in MLflow"]


async def test_a_registry_made_anew_is_not_mistaken_for_the_one_that_answered(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        mlflow.created_ms = int((time.time() + 3600) * 1000)
        found = (await client.get(f"/lineage/{name}")).json()
    assert found["data"] is None
    assert "was recreated" in found["notes"][0]


async def test_a_damaged_list_of_files_is_told(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles, tmp_path
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    for file in bundles["v1"].iterdir():
        content = file.read_bytes()
        (spoilt / file.name).write_bytes(content + b" " if file.name == "data_files.json" else content)
    mlflow.publish(CHAMPION_NAME, 1, spoilt)
    mlflow.aliases[CHAMPION_NAME]["champion"] = 2
    async with serve(mlflow, serving_settings) as client:
        found = (await client.get(f"/lineage/{name}")).json()
    assert found["notes"] == [
        f"{CHAMPION_NAME} version 1: data_files.json is damaged: its sha256 differs from the recorded one"
    ]
    assert found["mlflow_run"]["run_id"] == "run1"


@pytest.mark.parametrize(
    ("name", "status"),
    [("invented", 404), (f"{CHAMPION_NAME}.1.{'0' * 32}.{'0' * 16}", 404), ("x" * 201, 422), ("a%2Fb", 404)],
)
async def test_invented_names_are_refused(
    mlflow: FakeMlflow, serving_settings: ServingSettings, name: str, status: int
) -> None:
    async with serve(mlflow, serving_settings) as client:
        answer = await client.get(f"/lineage/{name}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_name_of_another_plant_says_where_to_ask(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        answer = await client.get(f"/plants/demo/lineage/{name}")
    assert answer.status_code == 404
    assert f"/plants/gas_treatment/lineage/{name}" in answer.json()["detail"]


@pytest.mark.parametrize(
    "record", [{}, {"model_version": None}, {"model_version": {"creation_timestamp": "soon"}}], ids=str
)
async def test_an_answer_of_mlflow_that_nobody_expects_is_no_failure_of_ours(
    mlflow: FakeMlflow, serving_settings: ServingSettings, monkeypatch: pytest.MonkeyPatch, record: dict
) -> None:
    async with serve(mlflow, serving_settings) as client:
        name = await predict(client)
        monkeypatch.setattr(mlflow, "_version", lambda *_: httpx.Response(200, json=record))
        answer = await client.get(f"/lineage/{name}")
        assert answer.status_code == 200, answer.text
        assert "record of plant_alarm_champion version 1 is invalid" in answer.json()["notes"][0]
        mlflow.aliases[CHAMPION_NAME]["champion"] = 2
        await client.app.state.reconciler.refresh()
        assert (
            (await client.get("/ready")).json()["faults"]["champion"].startswith("version 2 cannot be copied")
        )
