"""What /models says of a model."""

import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


async def test_a_model_is_shown_with_the_threshold_that_decides(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    async with serve(mlflow, serving_settings) as client:
        models = {model["name"]: model for model in (await client.get("/models")).json()["models"]}
        answer = (await client.post("/predict", json={"features": {"pdt31008": 240.0}})).json()
    assert answer["threshold"] is not None
    assert len(models[CHAMPION_NAME]["config_sha256"]) == 64
    assert len(models[CHAMPION_NAME]["files"]["arrays.npz"]) == 64
    assert models[CHAMPION_NAME]["threshold"] == answer["threshold"]


async def test_what_only_a_version_has_is_absent_without_one(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    mlflow.aliases.clear()
    async with serve(mlflow, serving_settings) as client:
        (model, *_) = (await client.get("/models")).json()["models"]
    assert (model["version"], model["loaded_at"], model["features"]) == (None, None, [])
    assert not {"task", "algorithm", "learning_mode", "horizon_hours", "run_id", "created"} & model.keys()
