"""Runs one service in this process: its log, its traces, and uvicorn with bounds.

Belongs here: what a service needs around its app. Doesn't belong here: the apps.
"""

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from fastapi import FastAPI

Name = Literal["inference", "gateway", "sensors", "live"]
NAMES: tuple[Name, ...] = get_args(Name)

KEEP_ALIVE_S = 15
END_WITHIN_S = 5
"""How long requests, and streams of events, may go on once the service is told to end."""
MOST_CONNECTIONS = 3000
SILENT_FOR_S = 120
"""A worker that says nothing for so long is replaced; on a busy machine one may be silent for seconds."""
SHARED_FIGURES = "PROMETHEUS_MULTIPROC_DIR"
"""The Prometheus client's own variable."""
OTHER_FILES = 256
"""What a service may have open beside its connections."""


def serve(name: Name) -> None:
    """Run a service until it is told to end; exits with status 1 and a sentence where it can't start."""
    import uvicorn

    from plant_assets.profile.variables import SettingsError
    from serving.settings import read_settings
    from serving.web.bounded_http import BoundedHttp

    try:
        app = _create_app(name)
        settings = read_settings()
        importlib.import_module(f"serving.{name}.app").prepare(settings)
    except SettingsError as error:
        sys.exit(str(error))
    # Gateway and sensors hold a plant's state, of which there is one.
    workers = settings.workers if name == "inference" else 1
    with _shared_figures() if workers > 1 else contextlib.nullcontext():
        uvicorn.run(
            app if workers == 1 else "serving.server:inference_app",
            factory=workers > 1,
            workers=workers,
            timeout_worker_healthcheck=SILENT_FOR_S,
            host=settings.host,
            port=getattr(settings, f"port_{name}"),
            http=BoundedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Addresses that a client names itself would be of no use for rate limits.
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=END_WITHIN_S,
            limit_concurrency=most_connections(),
        )


def inference_app() -> "FastAPI":
    """The inference service's application, for a worker."""
    return _create_app("inference")


def _create_app(name: Name) -> "FastAPI":
    from prometheus_client import disable_created_metrics

    from serving.settings import read_settings
    from serving.telemetry import logs, traces

    disable_created_metrics()  # twice as many series for a time that nobody asks for
    settings = read_settings()
    logs.configure(name, settings.log_level)
    traces.configure(name)
    return importlib.import_module(f"serving.{name}.app").create_app(settings)


@contextlib.contextmanager
def _shared_figures() -> Iterator[None]:
    """Let the workers that are started meanwhile write their figures into files of one folder.

    Raises:
        OSError: there is no room for them.
    """
    with tempfile.TemporaryDirectory(prefix="forewarn-figures-") as folder:
        os.environ[SHARED_FIGURES] = folder
        yield


def most_connections() -> int:
    """`MOST_CONNECTIONS`, or as many as the system lets this process have; raises its limit as far as it may.

    Without a file descriptor left, no connection would be taken at all.
    """
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft - OTHER_FILES)
