"""MODEL_NAME: which model of the default plant answers."""

import pytest

from plant_assets.profile.variables import SettingsError
from serving.inference.app import create_app
from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
FORECASTER = "plant_alarm_forecaster_3h"
ASKED = {"features": {"PDT31008": 240.0}}


@pytest.mark.parametrize("name", ["forecaster_3h", FORECASTER])
async def test_the_chosen_model_answers_for_the_default_plant(
    mlflow: FakeMlflow, serving_settings: ServingSettings, name: str
) -> None:
    settings = serving_settings.model_copy(update={"model_name": name})
    async with serve(mlflow, settings) as client:
        for path in ("/predict", "/plants/gas_treatment/predict", "/predict/batch", "/explain"):
            body = {"rows": [ASKED["features"]]} if path.endswith("batch") else ASKED
            assert (await client.post(path, json=body)).json()["model"] == FORECASTER
        assert (await client.get("/health")).json()["model"] == FORECASTER
        assert (await client.get("/ready")).json()["ready"] is True
        plants = {plant["name"]: plant for plant in (await client.get("/plants")).json()["plants"]}
        assert plants["gas_treatment"]["answering"] == FORECASTER
        assert plants["demo"]["answering"] == "demo_alarm_champion"


async def test_without_a_choice_the_champion_answers(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        assert (await client.post("/predict", json=ASKED)).json()["model"] == CHAMPION_NAME


async def test_a_chosen_model_that_is_not_served_is_what_is_missing(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    settings = serving_settings.model_copy(update={"model_name": "rf_soft_alarm"})
    async with serve(mlflow, settings) as client:
        answer = await client.post("/predict", json=ASKED)
        assert (answer.status_code, answer.json()["missing"]) == (503, ["plant_alarm_rf_soft_alarm"])


@pytest.mark.parametrize("name", ["nothing", "demo_alarm_champion", "deviation_predictor"])
def test_a_model_that_the_plant_has_not_is_refused_with_those_there_are(
    serving_settings: ServingSettings, name: str
) -> None:
    settings = serving_settings.model_copy(update={"model_name": name})
    with pytest.raises(
        SettingsError, match=f"MODEL_NAME: .*{name}.* expected one of .*rf_soft_alarm.*champion"
    ):
        create_app(settings)
