"""/deviation: how far the controller will be from its set point."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from plant_assets.profile.model import PlantProfile
from serving.inference.deviation.schemas import DeviationAnswer
from serving.settings import ServingSettings
from tests.bundle.factories import deviation_folder
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
NAME = "plant_alarm_deviation_predictor"


@pytest.fixture(scope="module")
def predictor(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deviation_folder(profile, tmp_path_factory.mktemp("deviation") / "bundle")


@pytest.fixture
async def client(predictor: Path, serving_settings: ServingSettings) -> AsyncIterator[httpx.AsyncClient]:
    mlflow = FakeMlflow()
    mlflow.publish(NAME, 2, predictor, "champion")
    async with serve(mlflow, serving_settings) as client:
        yield client


@pytest.mark.parametrize("path", ["/deviation", "/plants/gas_treatment/deviation"])
async def test_the_deviation_is_the_model_s_with_its_unit(
    client: httpx.AsyncClient, profile: PlantProfile, path: str
) -> None:
    features = {"LIC31002_deviation": 6.5, "PDT31008": 240.0}
    answer = (await client.post(path, json={"features": features})).json()
    DeviationAnswer.model_validate(answer)
    inputs = [{"name": n, "shape": [1], "datatype": "FP64", "data": [v]} for n, v in features.items()]
    protocol = (await client.post(f"/v2/models/{NAME}/infer", json={"inputs": inputs})).json()
    outputs = {output["name"]: output["data"] for output in protocol["outputs"]}
    assert answer["deviation"] == pytest.approx(outputs["score"][0])
    assert (answer["controller"], answer["unit"]) == ("LIC31002", profile.tag("LIC31002_PV").unit)
    assert (answer["model"], answer["version"], "alarm" in answer) == (NAME, 2, False)


@pytest.mark.parametrize(
    ("plant", "status", "says"),
    [
        ("power_grid", 422, "expected a plant with a deviation_predictor; this one's profile lists none"),
        ("demo", 503, "demo_alarm_deviation_predictor is not loaded"),
    ],
)
async def test_where_there_is_none_the_answer_says_why(
    client: httpx.AsyncClient, plant: str, status: int, says: str
) -> None:
    answer = await client.post(f"/plants/{plant}/deviation", json={"features": {"PDT31008": 240.0}})
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)
