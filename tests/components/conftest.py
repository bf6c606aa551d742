"""A home of its own for the tests of a file: state, drops and settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_assets.settings import read_settings
from tests.conftest import copy_mlflow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("plant")
    copy_mlflow(empty_mlflow, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOREWARN_HOME", str(folder / "home"))
        patch.setenv("FOREWARN_DROP", str(folder / "drop"))
        read_settings.cache_clear()
        yield folder
    read_settings.cache_clear()
