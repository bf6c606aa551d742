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
        limit_concurrency=MOST_CONNECTIONS,
    )
