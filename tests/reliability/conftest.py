"""Fixtures of the runs that are killed, or find no room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_assets.settings import read_settings
from tests.conftest import copy_mlflow
from tests.reliability.plants import write_defs
from tests.reliability.run_site import RunSite
from tests.serving.gateway.conftest import database_address

__all__ = ["database_address", "site"]


@pytest.fixture
def site(tmp_path: Path, empty_mlflow: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunSite]:
    """A quick plant with a home of its own."""
    environment = {
        "FOREWARN_HOME": str(tmp_path / "home"),
        "FOREWARN_DROP": str(tmp_path / "drop"),
        "FOREWARN_DEFS": str(write_defs(tmp_path / "defs")),
        "DAGSTER_HOME": str(tmp_path / "home" / "dagster"),
    }
    copy_mlflow(empty_mlflow, tmp_path / "home")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("plant_assets.components.drop_sensor.time.sleep", lambda _: None)
    read_settings.cache_clear()
    yield RunSite(environment)
    read_settings.cache_clear()
