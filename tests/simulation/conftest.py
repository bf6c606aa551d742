"""One simulated month, made once: it takes a tenth of a second, but many tests look at it."""

from datetime import UTC, datetime

import pytest

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import SimulatedPlant, simulate

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo() -> PlantProfile:
    return load_profile("demo")


@pytest.fixture(scope="session")
def month(demo: PlantProfile) -> SimulatedPlant:
    return simulate(demo, START, 28, 7)
