"""Load on the real inference service: its routes take what is sent, and its answers are understood."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plant_assets.load.open_loop import send_load
from plant_assets.load.plan import LoadPlan
from plant_assets.load.request_pool import request_pool
from plant_assets.load.summary import summarize
from plant_assets.load.target import known_target, target_at
from plant_assets.models.spec import CHAMPION, model_spec
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from serving.inference.app import create_app
from serving.settings import ServingSettings
from serving.telemetry.correlation import instance
from tests.bundle.factories import bundle_folder
from tests.servers import running_app
from tests.serving.mlflow_fake import FakeMlflow

PATIENCE_S = 60


@pytest.fixture(scope="module")
def inference(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with a plant of either kind whose models answer."""
    folder, mlflow, grid = tmp_path_factory.mktemp("inference"), FakeMlflow(), load_profile("power_grid")
    champion = bundle_folder(profile, folder / "champion", "logistic", CHAMPION)
    mlflow.publish("plant_alarm_champion", 1, champion, "champion")
    spec = model_spec("isolation_forest", grid)
    forest = bundle_folder(grid, folder / "forest", "isolation_forest", spec, slope=0, threshold=0.6)
    mlflow.publish("power_grid_isolation_forest", 1, forest, "champion")
    here = ServingSettings(home=Path(folder / "home"), poll_seconds=0.05)
    with running_app(create_app(here, transport=mlflow)) as address:
        for name in (profile.name, grid.name):
            await_ready(f"http://{address}/plants/{name}/ready")
        yield f"http://{address}"


@pytest.mark.parametrize("plant", ["", "/plants/power_grid"])
@pytest.mark.parametrize("batch", [1, 20])
def test_every_request_is_taken_and_every_answer_understood(inference: str, plant: str, batch: int) -> None:
    plan = LoadPlan(rps=100, duration_s=0.5, batch_size=batch, anomaly_rate=0.5)
    target = known_target(target_at(inference + plant))
    assert target.plant == ("power_grid" if plant else "gas_treatment")
    recorder = send_load(target, plan, request_pool(load_profile(target.plant), plan))
    summary = summarize(recorder, plan)
    assert (summary.errors, summary.succeeded) == ({}, 50)
    assert [one.name for one in summary.instances] == [instance()]
    anomalies = summary.anomalies
    assert anomalies.injected == 25 * batch
    assert 0 < anomalies.hits <= anomalies.injected, "of limits that are crossed some at least are told"


def await_ready(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while httpx.get(address, trust_env=False).status_code != 200:
        assert time.monotonic() < deadline, f"{address}: not ready within {PATIENCE_S} s"
        time.sleep(0.02)
