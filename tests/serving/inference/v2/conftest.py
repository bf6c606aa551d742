"""All nine models of a plant, behind the real app and behind a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.models.spec import model_spec
from plant_assets.profile.model import PlantProfile
from serving.inference.app import create_app
from serving.settings import ServingSettings
from tests.bundle.factories import bundle_folder, deviation_folder
from tests.servers import running_app
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

FAMILIES = {
    "isolation_forest": ("isolation_forest", 0.0),
    "regime_classifier": ("multinomial", 0.0),
    "lr_soft_alarm": ("logistic", 1.7),
    "rf_soft_alarm": ("random_forest", 4.0),
    "forecaster_1h": ("xgboost", 0.8),
    "forecaster_3h": ("lightgbm", 0.8),
    "forecaster_6h": ("constant", 1.0),
    "champion": ("anomaly_ensemble", 2.0),
}
"""Model → its estimator, and the slope of its calibrator (0: none); with the deviation predictor they are nine."""

NAMES = [f"plant_alarm_{model}" for model in (*FAMILIES, "deviation_predictor")]


@pytest.fixture(scope="session")
def nine_folders(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Registry name → bundle folder."""
    root = tmp_path_factory.mktemp("nine")
    folders = {
        f"plant_alarm_{name}": bundle_folder(
            profile, root / name, kind, model_spec(name, profile), slope=slope
        )
        for name, (kind, slope) in FAMILIES.items()
    }
    return folders | {
        "plant_alarm_deviation_predictor": deviation_folder(profile, root / "deviation_predictor")
    }


@pytest.fixture(scope="session")
def nine(nine_folders: dict[str, Path]) -> dict[str, Bundle]:
    return {name: Bundle.load(folder) for name, folder in nine_folders.items()}


@pytest.fixture
def mlflow(nine_folders: dict[str, Path]) -> FakeMlflow:
    return mlflow_with(nine_folders)


@pytest.fixture(scope="module")
async def client(
    nine_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app with all nine, which takes a second to load."""
    settings = ServingSettings(home=tmp_path_factory.mktemp("home"), poll_seconds=3600, max_body_mb=1)
    async with serve(mlflow_with(nine_folders), settings) as client:
        yield client


@pytest.fixture(scope="session")
def server(nine_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, without scheme, of a real server that has all nine."""
    settings = ServingSettings(home=tmp_path_factory.mktemp("home"), poll_seconds=3600)
    app = create_app(settings, transport=mlflow_with(nine_folders))
    with running_app(app) as address:
        asyncio.run(_until_ready(address))
        yield address


def mlflow_with(folders: dict[str, Path]) -> FakeMlflow:
    """An MLflow that has each folder as version 1, the champion."""
    fake = FakeMlflow()
    for name, folder in folders.items():
        fake.publish(name, 1, folder, "champion")
    return fake


async def _until_ready(address: str) -> None:
    # The socket listens before the server starts, so the first request waits for it.
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60, trust_env=False) as client:
        async with asyncio.timeout(60):
            for name in NAMES:
                while (await client.get(f"/v2/models/{name}/ready")).status_code != 200:
                    await asyncio.sleep(0.02)
