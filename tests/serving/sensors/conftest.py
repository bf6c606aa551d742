"""The real app over a plant of its own folders, which stands still unless a test lets it run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.origin import PlantOrigin
from serving.live.publish import PublishError, PublishTotals
from serving.live.readings import RawReading
from serving.sensors.app import create_app
from serving.settings import ServingSettings

ORIGIN = PlantOrigin(seed=7, start=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def demo() -> PlantProfile:
    return load_profile("demo")


@pytest.fixture
def here(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", drop=tmp_path / "drop", plant_speed=0)


@dataclass
class CollectingPublisher:
    """Keeps what is published, or refuses it.

    Attributes:
        readings: in the order in which they came.
        reached: the plant times that were told.
        fault: why it takes nothing; empty: it does.
    """

    readings: list[RawReading] = field(default_factory=list)
    reached: list[int | None] = field(default_factory=list)
    fault: str = ""
    opened: int = 0
    totals: PublishTotals = field(default_factory=PublishTotals)

    async def open(self) -> "CollectingPublisher":
        self.opened += 1
        return self

    async def publish(self, plant: str, rows: Sequence[RawReading], *, reached_us: int | None = None) -> None:
        await asyncio.sleep(0)
        if self.fault:
            raise PublishError(self.fault)
        self.readings += rows
        self.reached.append(reached_us)

    async def publish_broken(self, plant: str) -> None:
        raise AssertionError("a simulated plant sends no broken messages")

    async def close(self) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def living(
    settings: ServingSettings, publisher: CollectingPublisher | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app."""
    app = create_app(settings, (publisher or CollectingPublisher()).open)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://sensors") as client:
            client.app = app  # type: ignore[attr-defined]
            yield client


def other_plant(demo: PlantProfile, **changes: object) -> PlantProfile:
    """A plant of two tags that no facts are known of."""
    tags = [
        {
            "name": name,
            "description": name,
            "unit": "bar",
            "range": [0, 100],
            "normal": [40, 60],
            "process_unit": "U1",
        }
        for name in ("PI100", "PI200")
    ]
    models = [name for name in demo.models if name != "deviation_predictor"]
    given = {
        "tags": tags,
        "deviation_target": None,
        "history_window": None,
        "models": models,
        "labels": {},
        "recommendations": [],
        **changes,
    }
    return demo.model_validate({**demo.model_dump(mode="json"), **given})


@pytest.fixture
def write_plant(tmp_path: Path, demo: PlantProfile) -> Callable[[str], Path]:
    """Put a plant of two tags into a folder of plants."""

    def write(name: str) -> Path:
        folder = tmp_path / "defs" / name
        folder.mkdir(parents=True)
        (folder / "defs.yaml").write_text(OTHER_YAML.replace("NAME", name))
        return folder.parent

    return write


OTHER_YAML = """
type: plant_assets.components.Plant
attributes:
  name: NAME
  title: Another unit
  simulated: true
  registry_prefix: other_
  sampling: {interval: 1h, hold_limit: 6h, stale_after: 6h, frozen_after: 24h}
  tags:
    - {name: PI100, description: pressure, unit: bar, range: [0, 100], normal: [40, 60], process_unit: U1}
    - {name: PI200, description: pressure, unit: bar, range: [0, 100], normal: [40, 60], process_unit: U1}
  features: {mean: [3h]}
  models: [isolation_forest]
  budget: {false_alarm_hours_per_day: 4, false_episodes_per_day: 0.5}
"""
