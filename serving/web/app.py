"""The frame of an application: its page, its problem documents, /health.

Belongs here: what the three services have in common. Doesn't belong here: their parts and routes
(`app.py` of each).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal

from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from serving import errors
from serving.settings import ServingSettings
from serving.telemetry.correlation import instance
from serving.telemetry.traces import telemetry_config
from serving.web.body import refuse_encoded
from serving.web.openapi import describe
from serving.web.site_guard import SiteGuard

SERVICE = "the service"
"""The heading on /docs of routes that are about the service itself."""


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    instance: str = Field(description="process that answers, as in the header X-Served-By")


def new_app(
    title: str,
    settings: ServingSettings,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    *,
    has_health: bool = False,
) -> FastAPI:
    """An application without routes of its own; `serving.telemetry.install` comes last.

    Args:
        has_health: whether the service brings its own /health, with more in it.
    """
    # The page of the API must open in a control room without internet.
    # A redirect to the path without a slash would lead to whatever the request's Host header says.
    app = FastAPIOffline(
        title=title,
        version="1",
        lifespan=lifespan,
        telemetry=telemetry_config(),
        redirect_slashes=False,
        dependencies=[Depends(refuse_encoded)],
    )
    app.state.settings = settings
    app.add_middleware(SiteGuard, host=settings.host, allowed=settings.allowed_hosts)
    errors.install(app)
    describe(app)
    if not has_health:
        app.include_router(_health_router())
    return app


def _health_router() -> APIRouter:
    router = APIRouter(tags=[SERVICE])

    @router.get("/health")
    async def health() -> Health:
        """Check that the process is alive; /ready checks what it depends on."""
        return Health(instance=instance())

    return router
