"""A registry on a copy of an empty MLflow database, and a bundle to publish in it."""

import shutil
from pathlib import Path

import pytest

from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.model import PlantProfile
from tests.bundle.factories import bundle_folder


@pytest.fixture
def registry(empty_mlflow: Path, tmp_path: Path) -> ModelRegistry:
    database = Path(shutil.copy(empty_mlflow, tmp_path / "mlflow.db"))
    return ModelRegistry(f"sqlite:///{database}", tmp_path / "artifacts")


@pytest.fixture(scope="module")
def champion_folder(profile: PlantProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_folder(profile, tmp_path_factory.mktemp("bundle") / "bundle")
