"""Dagster's webserver behind a guard: `python -m plant_assets.cli.dagster_server`.

Whoever reaches it launches runs: it has no accounts. `dagster-webserver` takes changes from every site's pages, and from a
mere link; this serves the same application to its own pages, and to programs of this machine.
"""

import logging

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__
from starlette.types import ASGIApp, Receive, Scope, Send

from plant_assets.cli import home
from plant_assets.settings import PipelineSettings, read_settings
from serving.errors import NotAllowed
from serving.web.site_guard import SiteGuard

_STATEMENT_WITHIN_MS = 15_000
_CONNECTION_LASTS_S = 3600
_MOST_OVERFLOW = 20


def main() -> None:
    settings = read_settings()
    configure_loggers(log_level="INFO")
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(_STATEMENT_WITHIN_MS, _CONNECTION_LASTS_S, _MOST_OVERFLOW)
        workspace = WorkspaceFileTarget(paths=[home.workspace(settings)])
        with WorkspaceProcessContext(instance, workspace, version=__version__) as context:
            logging.getLogger("dagster-webserver").info("serving on port %s", settings.port_dagster)
            uvicorn.run(
                create_app(context, settings),
                host=settings.local_host,
                port=settings.port_dagster,
                log_level="warning",
            )


def create_app(context: IWorkspaceProcessContext, settings: PipelineSettings) -> ASGIApp:
    """Dagster's application, guarded."""
    app = _ChangesByPost(create_app_from_workspace_process_context(context))
    return SiteGuard(app, settings.local_host, settings.allowed_hosts)


class _ChangesByPost:
    """Refuses a query in an address, which Dagster would execute; the page to type queries into has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].rstrip("/") == "/graphql":
            accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
            if b"text/html" not in accept:
                problem = NotAllowed("got a GET; expected a POST with the query", headers={"Allow": "POST"})
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


if __name__ == "__main__":
    main()
