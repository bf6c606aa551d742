"""Fixtures of the live service: a simulated stretch, and a service over a home of its own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from serving.settings import ServingSettings
from tests.serving.gateway.conftest import database_address
from tests.serving.live.site import LiveService, running_live
from tests.serving.mlflow_fake import FakeMlflow

__all__ = ["database_address"]
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 8


@pytest.fixture(scope="session")
def records(profile: PlantProfile) -> pl.DataFrame:
    """Some simulated days' records by time."""
    return simulate(profile, START, DAYS, 3).records.sort("timestamp", maintain_order=True)


@pytest.fixture
def live_settings(tmp_path: Path, database_address: str) -> ServingSettings:
    return ServingSettings(
        home=tmp_path / "home",
        drop=tmp_path / "drop",
        database_url=database_address,
        poll_seconds=3600,
        live_flush_hours=0,
    )


@pytest.fixture
async def live(live_settings: ServingSettings, mlflow: FakeMlflow) -> AsyncIterator[LiveService]:
    async with running_live(live_settings, mlflow) as service:
        yield service
