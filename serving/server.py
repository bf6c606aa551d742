"""Runs one service in this process: its log, its traces, and uvicorn with bounds.

Belongs here: what a service needs around its app. Doesn't belong here: the apps.
"""

import importlib
import sys
from typing import Literal, get_args

Name = Literal["inference", "gateway", "sensors"]
NAMES: tuple[Name, ...] = get_args(Name)

KEEP_ALIVE_S = 15
END_WITHIN_S = 5
"""How long requests, and streams of events, may go on once the service is told to end."""
MOST_CONNECTIONS = 3000
OTHER_FILES = 256
"""What a service may have open beside its connections."""


def serve(name: Name) -> None:
    """Run a service until it is told to end; exits with status 1 and a sentence where it can't start."""
    import uvicorn
    from prometheus_client import disable_created_metrics

    from plant_assets.profile.variables import SettingsError
    from serving.settings import read_settings
    from serving.telemetry import logs, traces
    from serving.web.bounded_http import BoundedHttp

    disable_created_metrics()  # twice as many series for a time that nobody asks for
    try:
        settings = read_settings()
        logs.configure(name, settings.log_level)
        traces.configure(name)
        module = importlib.import_module(f"serving.{name}.app")
        app = module.create_app(settings)
        module.prepare(settings)
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(
        app,
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
