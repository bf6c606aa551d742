"""The inference service's application.

Belongs here: what it is made of, its start and its end. Doesn't belong here: routes, models.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI

from plant_assets.profile.load import load_profiles
from serving import errors
from serving.champion import Champions
from serving.inference.routes import routers
from serving.inference.schemas import Health
from serving.registry import RegistryClient
from serving.settings import Settings, SettingsError, settings

MLFLOW_TIMEOUT_S = 5.0


def create_app(given: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; its models load once it runs.

    Args:
        given: settings; those of the environment by default.
        transport: how MLflow is reached; over the network by default.

    Raises:
        SettingsError: a setting, or the default plant, is wrong.
        ProfileError: a plant's YAML is at fault.
    """
    here = given or settings()
    profiles = load_profiles(here.defs)
    if here.default_plant not in profiles:
        raise SettingsError(
            f"FOREWARN_DEFAULT_PLANT: no plant {here.default_plant!r}; expected one of {', '.join(profiles)}"
        )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(
            base_url=here.mlflow_address, timeout=MLFLOW_TIMEOUT_S, transport=transport, trust_env=False
        ) as client:
            app.state.champions = Champions(
                profiles, RegistryClient(client), here.models_folder, here.poll_seconds
            )
            polling = asyncio.create_task(app.state.champions.run())
            yield
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling

    app = FastAPI(title="Forewarn inference", version="1", lifespan=lifespan)
    app.state.settings = here
    errors.install(app)
    for router in routers():
        app.include_router(router)

    @app.get("/health", tags=["the service"])
    async def health() -> Health:
        """Whether the process lives; models may still be missing."""
        return Health()

    return app
