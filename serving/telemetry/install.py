"""Puts the middleware and GET /metrics into an app.

Belongs here: what all three services have in common. Doesn't belong here: a service's own figures.
"""

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from serving.settings import read_settings
from serving.telemetry.metrics import HttpMetrics, WorkersCollector, app_registry
from serving.telemetry.middleware import Observer, TelemetryMiddleware
from serving.telemetry.traces import annotate


def install(
    app: FastAPI, registry: CollectorRegistry | None = None, observers: tuple[Observer, ...] = ()
) -> None:
    """Give an app its telemetry. The last middleware added is the outermost: call this after others.

    Observers are given a request's notes and its seconds, when its answer begins.
    """
    figures = registry or app_registry()
    app.add_middleware(TelemetryMiddleware, metrics=HttpMetrics(figures), observers=(*observers, annotate))
    app.include_router(_metrics_router(_all_workers(figures)))


def _all_workers(registry: CollectorRegistry) -> CollectorRegistry:
    """The figures that a process answers: its own, or where it has colleagues those of all of them."""
    folder = read_settings().shared_figures
    if folder is None:
        return registry
    found = CollectorRegistry()
    found.register(WorkersCollector(registry, folder))
    return found


def _metrics_router(registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["the service"])

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Get metrics for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
