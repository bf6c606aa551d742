"""A plant whose nine models went through the whole training: all of them answer as they were trained."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.bundle.horizons import order_horizons
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.features.windows import window_features
from plant_assets.models.export import export_bundle
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import model_specs
from plant_assets.models.train import train
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.models import plants
from tests.serving.conftest import serve
from tests.serving.inference.v2.bodies import binary_body, post
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio

PARITY = 1e-6
ROWS = 50


def labelled_inputs(profile: PlantProfile) -> TrainingInputs:
    """Tags that wander, with several stretches called alarms."""
    raw = raw_table(profile, plants.ROWS)
    alarm = np.zeros(plants.ROWS, dtype=bool)
    for start, stop in plants.ALARMS:
        alarm[start:stop] = True
    after = np.roll(alarm, -3) & ~alarm
    labelled = raw.with_columns(
        anomaly_label=pl.Series(alarm).cast(pl.Int8),
        regime=pl.Series(np.where(alarm, "alarm", np.where(after, "transition", "normal"))),
        label_source=pl.Series([["period:stretch"] if on else [] for on in alarm]),
    )
    features = compute_features(with_deviations(raw, profile), feature_specs(profile))
    return TrainingInputs(labelled, features, window_features(raw, profile))


def decided(trained: dict[str, TrainedModel], name: str, rows: np.ndarray) -> np.ndarray:
    """What a trained model decides; a forecaster's probabilities in order with those of the other horizons."""
    if trained[name].spec.task != "onset":
        return trained[name].model.decisions(rows)
    ahead = [n for n, model in trained.items() if model.spec.task == "onset"]
    return order_horizons(np.stack([trained[n].model.decisions(rows) for n in ahead]))[ahead.index(name)]


async def test_all_nine_models_answer_as_they_were_trained(
    tmp_path: Path, serving_settings: ServingSettings
) -> None:
    profile = plants.profile(folds=2, trees=60)
    inputs = labelled_inputs(profile)
    mlflow, trained = FakeMlflow(), dict[str, TrainedModel]()
    for spec in model_specs(profile):
        name = spec.registry_name(profile)
        trained[name] = train(spec, inputs, profile)
        export_bundle(trained[name], inputs, profile, tmp_path / name)
        mlflow.publish(name, 1, tmp_path / name, "champion")
    assert len(trained) == 9
    async with serve(mlflow, serving_settings) as client:
        for name, model in trained.items():
            rows = inputs.matrix_for(model.spec)[-ROWS:]
            outputs = (await post(client, *binary_body(rows), name)).json()["outputs"]
            risk, alarm = (np.array(output["data"]) for output in outputs[:2])
            expected = decided(trained, name, rows)
            np.testing.assert_allclose(risk, expected, rtol=0, atol=PARITY)
            # A score closer to the threshold than the parity may fall on either side of it.
            clear = np.abs(expected - model.model.threshold) > PARITY
            np.testing.assert_array_equal(alarm[clear], (expected >= model.model.threshold)[clear])
