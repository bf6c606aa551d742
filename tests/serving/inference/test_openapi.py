"""What the page of the API promises: every route, every status, every example."""

from pathlib import Path

import pytest

from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from serving.inference.app import create_app
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder, deviation_folder
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

OF_A_PLANT = {
    "/ready": {"get": {"200", "404", "503"}},
    "/models": {"get": {"200", "404"}},
    "/predict": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/predict/batch": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/forecast": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/explain": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/regime": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/deviation": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/recommend": {"post": {"200", "400", "404", "413", "422", "503"}},
    "/global_importance": {"get": {"200", "404", "422", "503"}},
    "/lineage/{prediction_id}": {"get": {"200", "404", "422", "503"}},
}
OF_THE_SERVICE = {"/models/refresh": {"post": {"202", "403"}}, "/plants": {"get": {"200"}}}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return create_app(ServingSettings(home=tmp_path_factory.mktemp("home"))).openapi()


@pytest.mark.parametrize("prefix", ["", "/plants/{plant}"])
@pytest.mark.parametrize("path", OF_A_PLANT)
def test_every_status_of_a_plant_s_route_is_documented(document: dict, prefix: str, path: str) -> None:
    operations = document["paths"][prefix + path]
    for method, statuses in OF_A_PLANT[path].items():
        assert statuses <= set(operations[method]["responses"])
        assert operations[method]["description"]


@pytest.mark.parametrize("path", OF_THE_SERVICE)
def test_every_status_of_the_service_s_routes_is_documented(document: dict, path: str) -> None:
    for method, statuses in OF_THE_SERVICE[path].items():
        assert statuses <= set(document["paths"][path][method]["responses"])


def test_problems_are_documented_as_problem_documents(document: dict) -> None:
    for path in OF_A_PLANT:
        for operation in document["paths"][path].values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert "application/problem+json" in answer["content"], (path, status)


def test_a_batch_is_documented_as_json_and_as_arrow(document: dict) -> None:
    batch = document["paths"]["/predict/batch"]["post"]
    both = {"application/json", "application/vnd.apache.arrow.stream"}
    assert set(batch["requestBody"]["content"]) == both
    assert set(batch["responses"]["200"]["content"]) == both


@pytest.mark.anyio
async def test_the_documented_examples_are_answered(
    document: dict,
    mlflow: FakeMlflow,
    serving_settings: ServingSettings,
    profile: PlantProfile,
    tmp_path: Path,
) -> None:
    regimes = bundle_folder(
        profile, tmp_path / "r", "multinomial", model_spec("regime_classifier", profile), slope=0
    )
    mlflow.publish("plant_alarm_regime_classifier", 1, regimes, "champion")
    mlflow.publish(
        "plant_alarm_deviation_predictor", 1, deviation_folder(profile, tmp_path / "d"), "champion"
    )
    tried = 0
    async with serve(mlflow, serving_settings) as client:
        for path, operations in document["paths"].items():
            content = operations.get("post", {}).get("requestBody", {}).get("content", {})
            if not content:
                continue
            place = path.format(plant="gas_treatment", name=CHAMPION_NAME, version=1)
            schema = content["application/json"]["schema"]
            name = schema.get("$ref", "").rpartition("/")[2]
            examples = (document["components"]["schemas"][name] if name else schema).get("examples", [])
            assert examples, f"{path} has a body and no example"
            for example in examples:
                answer = await client.post(place, json=example)
                assert answer.status_code == 200, (path, answer.text)
                tried += 1
    assert tried >= 12
