"""MLflow's server as one process: `python -m plant_assets.cli.tracking_server`.

`mlflow server` starts the server as a child, which keeps the port when its parent is killed. This does in
one process what that command does in two: it makes the database, tells MLflow's application where its
state lies, and serves it, to this machine alone and behind the platform's own guard: MLflow's would take changes from
pages of any port of this machine, and guards no path but its API's.
"""

import os

# Loaded before MLflow, which guards its pages only where it finds a server in the process.
import uvicorn

from plant_assets.models.tracking_database import make_tracking_database
from plant_assets.settings import PipelineSettings, read_settings
from serving.web.site_guard import SiteGuard


def main() -> None:
    settings = read_settings()
    os.environ.update(_variables(settings))
    from mlflow.server.handlers import initialize_backend_stores

    database = settings.mlflow_tracking_uri
    make_tracking_database(database)
    initialize_backend_stores(database, database, str(settings.mlflow_artifacts))
    from mlflow.server.fastapi_app import app

    uvicorn.run(
        SiteGuard(app, settings.local_host, settings.allowed_hosts),
        host=settings.local_host,
        port=settings.port_mlflow,
        log_level="warning",
        workers=1,
    )


def _variables(settings: PipelineSettings) -> dict[str, str]:
    """What `mlflow server` tells the process that serves."""
    from mlflow.environment_variables import _MLFLOW_IN_JOB_EXECUTOR, _MLFLOW_SGI_NAME
    from mlflow.server import constants

    return {
        constants.BACKEND_STORE_URI_ENV_VAR: settings.mlflow_tracking_uri,
        constants.REGISTRY_STORE_URI_ENV_VAR: settings.mlflow_tracking_uri,
        constants.ARTIFACT_ROOT_ENV_VAR: str(settings.mlflow_artifacts),
        constants.ARTIFACTS_DESTINATION_ENV_VAR: str(settings.mlflow_artifacts),
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        _MLFLOW_SGI_NAME.name: "uvicorn",
        _MLFLOW_IN_JOB_EXECUTOR.name: "false",
        # The guard in front knows them.
        "MLFLOW_SERVER_ALLOWED_HOSTS": "*",
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            f"{scheme}://{host}" for host in settings.allowed_hosts for scheme in ("http", "https")
        ),
        "MLFLOW_ENABLE_WORKSPACES": "false",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


if __name__ == "__main__":
    main()
