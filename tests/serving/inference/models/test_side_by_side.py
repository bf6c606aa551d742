"""One plant's corrupt bundle or registry entry touches no other plant's answers."""

import shutil
from pathlib import Path

import httpx
import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
ASKED = {"features": {"PDT31008": 220.0}}


async def seen(client: httpx.AsyncClient) -> dict:
    """What the sound plant's clients see, without what is of one answer alone."""
    answer = (await client.post("/predict", json=ASKED)).json()
    answer.pop("prediction_id")
    ready = (await client.get("/ready")).json()
    models = (await client.get("/models")).json()["models"]
    return {
        "answer": answer,
        "ready": ready,
        "models": [{key: value for key, value in model.items() if key != "loaded_at"} for model in models],
    }


@pytest.fixture
def rubbish(bundles: dict[str, Path], tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(bundles["v1"], tmp_path / "rubbish"))
    (folder / "arrays.npz").write_bytes(b"rubbish")
    return folder


async def test_a_corrupt_bundle_and_entries_that_point_at_nothing_are_their_own_plant_s(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path], rubbish: Path
) -> None:
    async with serve(mlflow, serving_settings) as client:
        before = await seen(client)
        mlflow.publish("demo_alarm_champion", 1, rubbish, "champion")
        mlflow.publish("demo_alarm_forecaster_1h", 1, bundles["v1"], "champion")
        mlflow.publish("demo_alarm_forecaster_3h", 1, bundles["forecaster_3h"])
        mlflow.aliases["demo_alarm_forecaster_3h"] = {"champion": 99}
        await client.app.state.reconciler.refresh()  # type: ignore[attr-defined]
        assert await seen(client) == before
        told = await client.get("/plants/demo/ready")
        assert (told.status_code, "arrays.npz is damaged" in told.json()["detail"]) == (503, True)
        faults = {m["name"]: m["fault"] for m in (await client.get("/plants/demo/models")).json()["models"]}
        assert "holds champion of plant gas_treatment" in faults["demo_alarm_forecaster_1h"]
        assert "has no version 99" in faults["demo_alarm_forecaster_3h"]


async def test_a_bundle_of_another_plant_never_answers_for_this_one(
    mlflow: FakeMlflow, serving_settings: ServingSettings, bundles: dict[str, Path]
) -> None:
    mlflow.publish("demo_alarm_champion", 1, bundles["v1"], "champion")
    async with serve(mlflow, serving_settings) as client:
        answer = await client.post("/plants/demo/predict", json=ASKED)
        assert answer.status_code == 503
        assert "holds champion of plant gas_treatment; expected champion of demo" in answer.json()["detail"]
        assert (await client.post("/predict", json=ASKED)).json()["model"] == CHAMPION_NAME
