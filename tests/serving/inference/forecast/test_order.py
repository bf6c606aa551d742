"""P(alarm within 1 h) <= P(within 3 h) <= P(within 6 h), whichever way and whichever input is asked."""

from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.bundle.horizons import order_horizons
from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder
from tests.serving.conftest import published, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
HOURS = (1, 3, 6)
FAMILIES = {1: ("xgboost", 2.0), 3: ("logistic", 0.7), 6: ("lightgbm", 0.3)}
"""Hours → its estimator and the slope of its calibrator: models that know nothing of each other."""
WINDOWS = 25


@pytest.fixture(scope="module")
def contrary(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("contrary")
    names = {hours: f"forecaster_{hours}h" for hours in HOURS}
    return {
        names[hours]: bundle_folder(
            profile, root / names[hours], kind, model_spec(names[hours], profile), slope=slope
        )
        for hours, (kind, slope) in FAMILIES.items()
    }


@pytest.fixture
def mlflow(bundles: dict[str, Path], contrary: dict[str, Path]) -> FakeMlflow:
    return published(bundles | contrary)


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


def drawn_windows(profile: PlantProfile) -> list[list[dict]]:
    """Recent readings from all over the tags' ranges, with gaps."""
    random = np.random.default_rng(5)
    spans = {tag.name: tag.range for tag in profile.tags}
    return [
        [
            {name: float(random.uniform(low, high)) for name, (low, high) in spans.items() if random.random() > 0.1}
            for _ in range(profile.features.window_steps)
        ]
        for _ in range(WINDOWS)
    ]  # fmt: skip


def rows_of(bundle: Bundle) -> np.ndarray:
    """Rows of features from all over what the model has seen, with gaps."""
    random = np.random.default_rng(6)
    low, high = np.nanmin(bundle.reference_rows, axis=0), np.nanmax(bundle.reference_rows, axis=0)
    rows = random.uniform(low, high, (40, len(bundle.names)))
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def tensor_of(rows: np.ndarray) -> dict:
    flat = [None if np.isnan(value) else value for value in rows.ravel().tolist()]
    return {"inputs": [{"name": "features", "shape": [*rows.shape], "datatype": "FP64", "data": flat}]}


async def test_forecasts_of_any_readings_are_in_order_one_by_one_and_all_at_once(client, profile) -> None:
    for readings in drawn_windows(profile):
        body = {"recent_observations": readings}
        found = (await client.post("/forecast", json=body | {"horizon": "all"})).json()["forecasts"]
        alone = [(await client.post("/forecast", json=body | {"horizon": hours})).json() for hours in HOURS]
        together = [one["anomaly_probability"] for one in found]
        assert together == sorted(together)
        assert [one["risk_score"] for one in alone] == together
        assert [one["alarm"] for one in found] == [p >= one["threshold"] for p, one in zip(together, found, strict=True)]  # fmt: skip


async def test_the_open_inference_protocol_answers_any_rows_in_order(client, contrary) -> None:
    bundles = [Bundle.load(contrary[f"forecaster_{hours}h"]) for hours in HOURS]
    rows, answers, scores = rows_of(bundles[0]), [], []
    for hours in HOURS:
        path = f"/v2/models/plant_alarm_forecaster_{hours}h/infer"
        outputs = {
            o["name"]: o["data"] for o in (await client.post(path, json=tensor_of(rows))).json()["outputs"]
        }
        answers.append(outputs["risk_score"])
        scores.append(outputs["score"])
    alone = np.stack([bundle.score(rows) for bundle in bundles])
    assert (np.diff(alone, axis=0) < 0).any()
    assert (np.diff(answers, axis=0) >= 0).all()
    assert np.array(answers) == pytest.approx(order_horizons(alone), abs=1e-9)
    assert np.array(scores) == pytest.approx(np.stack([b.evaluate(rows).scores for b in bundles]), abs=1e-9)


async def test_a_batch_by_a_forecaster_is_answered_in_order_with_the_others(
    mlflow, serving_settings: ServingSettings, contrary
) -> None:
    bundles = [Bundle.load(contrary[f"forecaster_{hours}h"]) for hours in HOURS]
    names, rows = bundles[1].names, rows_of(bundles[1])
    columns = {
        name: [None if np.isnan(v) else v for v in rows[:, i].tolist()] for i, name in enumerate(names)
    }
    async with serve(mlflow, serving_settings.model_copy(update={"model_name": "forecaster_3h"})) as client:
        answer = (await client.post("/predict/batch", json={"columns": columns})).json()
    expected = order_horizons(np.stack([bundle.score(rows) for bundle in bundles]))[1]
    assert answer["anomaly_probability"] == pytest.approx(expected.tolist(), abs=1e-9)


async def test_without_one_horizon_the_others_are_in_order_still(
    mlflow, serving_settings: ServingSettings, profile, contrary
) -> None:
    del mlflow.aliases["plant_alarm_forecaster_3h"]
    nearest, furthest = (Bundle.load(contrary[f"forecaster_{hours}h"]) for hours in (1, 6))
    rows = rows_of(nearest)
    async with serve(mlflow, serving_settings) as client:
        answers = []
        for hours in (1, 6):
            path = f"/v2/models/plant_alarm_forecaster_{hours}h/infer"
            answers.append((await client.post(path, json=tensor_of(rows))).json()["outputs"][0]["data"])
        body = {"recent_observations": drawn_windows(profile)[0], "horizon": "all"}
        assert (await client.post("/forecast", json=body)).status_code == 503
    expected = order_horizons(np.stack([nearest.score(rows), furthest.score(rows)]))
    assert np.array(answers) == pytest.approx(expected, abs=1e-9)
