"""A real ASGI app over a pretended MLflow, and bundles made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from serving.inference.app import create_app
from serving.settings import ServingSettings
from tests.serving.mlflow_fake import FakeMlflow

CHAMPION_NAME = "plant_alarm_champion"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def mlflow(bundles: dict[str, Path]) -> FakeMlflow:
    return published(bundles)


def published(bundles: dict[str, Path], champion: int = 1) -> FakeMlflow:
    """An MLflow with both versions of the champion, and the forecasters."""
    fake = FakeMlflow()
    for version in (1, 2):
        fake.publish(CHAMPION_NAME, version, bundles[f"v{version}"], *["champion"] * (version == champion))
    for hours in (1, 3, 6):
        fake.publish(f"plant_alarm_forecaster_{hours}h", 1, bundles[f"forecaster_{hours}h"], "champion")
    return fake


@pytest.fixture
def serving_settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", poll_seconds=3600, max_body_mb=1)


@asynccontextmanager
async def serve(mlflow: FakeMlflow, settings: ServingSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, whose models have been looked at once."""
    app = create_app(settings, transport=mlflow)
    async with app.router.lifespan_context(app):
        await app.state.reconciler.refresh()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://inference") as client:
            client.app = app  # type: ignore[attr-defined]
            yield client
