"""/regime: the classes of the regime classifier, as the Open Inference Protocol answers them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from serving.inference.regime.schemas import RegimeAnswer
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
NAME = "plant_alarm_regime_classifier"


@pytest.fixture(scope="module")
def classifier(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = model_spec("regime_classifier", profile)
    return bundle_folder(profile, tmp_path_factory.mktemp("regime") / "bundle", "multinomial", spec, slope=0)


@pytest.fixture
async def client(classifier: Path, serving_settings: ServingSettings) -> AsyncIterator[httpx.AsyncClient]:
    mlflow = FakeMlflow()
    mlflow.publish(NAME, 2, classifier, "champion")
    async with serve(mlflow, serving_settings) as client:
        yield client


@pytest.mark.parametrize("path", ["/regime", "/plants/gas_treatment/regime"])
async def test_the_most_probable_class_is_the_regime(client: httpx.AsyncClient, path: str) -> None:
    features = {"PDT31008": 140.0, "LT301031": 80.0}
    answer = (await client.post(path, json={"features": features})).json()
    RegimeAnswer.model_validate(answer)
    inputs = [{"name": n, "shape": [1], "datatype": "FP64", "data": [v]} for n, v in features.items()]
    protocol = (await client.post(f"/v2/models/{NAME}/infer", json={"inputs": inputs})).json()
    outputs = {output["name"]: output["data"] for output in protocol["outputs"]}
    assert [*answer["probabilities"].values()] == pytest.approx(outputs["probabilities"])
    assert answer["risk_score"] == pytest.approx(outputs["risk_score"][0])
    assert answer["risk_score"] == answer["probabilities"]["alarm"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["probabilities"][answer["regime"]] == max(answer["probabilities"].values())
    assert (answer["model"], answer["version"]) == (NAME, 2)


async def test_the_classifier_is_asked_once_a_row(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    evaluate = Bundle.evaluate
    monkeypatch.setattr(Bundle, "evaluate", lambda *given: asked.append(1) or evaluate(*given))
    assert (await client.post("/regime", json={"features": {"PDT31008": 140.0}})).is_success
    assert asked == [1]


async def test_readings_are_taken_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/regime", json={"readings": [{"PDT31008": 240.0}] * 3})
    assert (answer.status_code, answer.json()["regime"] in answer.json()["probabilities"]) == (200, True)


@pytest.mark.parametrize(
    ("plant", "status", "says"),
    [
        ("power_grid", 422, "expected a plant with a regime_classifier; this one's profile lists none"),
        ("demo", 503, "demo_alarm_regime_classifier is not loaded"),
        ("nowhere", 404, "nowhere"),
    ],
)
async def test_where_there_is_none_the_answer_says_why(
    client: httpx.AsyncClient, plant: str, status: int, says: str
) -> None:
    answer = await client.post(f"/plants/{plant}/regime", json={"features": {"PDT31008": 240.0}})
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)


async def test_an_unknown_feature_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/regime", json={"features": {"PDT3100": 240.0}})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:forewarn:problem:unknown-feature")
