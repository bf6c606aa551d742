"""The processes that make up the platform on one machine: their commands, and how to tell they are ready."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from plant_assets.profile.load import plant_names
from plant_assets.settings import Settings

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Service:
    """One process.

    Attributes:
        name: what logs and `make ps` call it.
        command: its argument vector.
        ready_url: answers 2xx once the service is usable; empty where it has no HTTP.
        ready_port: accepts connections once the service is usable, where it has no HTTP.
        after: the service that must be ready before this one starts.
        ready_within_s: how long a start may take before it counts as failed.
        page: what a person opens; empty where there is nothing to see.
        environment: variables beside those of the platform.
    """

    name: str
    command: tuple[str, ...]
    ready_url: str = ""
    ready_port: int = 0
    after: str = ""
    ready_within_s: int = 180
    page: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def services(settings: Settings) -> list[Service]:
    """The services of this platform, in the order in which they start."""
    host, bin_folder = settings.host, Path(sys.executable).parent
    workspace = str(settings.home / "run" / "workspace.yaml")
    web = f"http://{host}:{settings.port_dagster}"
    mlflow = f"http://{host}:{settings.port_mlflow}"
    inference = f"http://{host}:{settings.port_inference}"
    return [
        Service(
            name="mlflow",
            command=(
                str(bin_folder / "mlflow"), "server", "--host", host, "--port", str(settings.port_mlflow),
                "--workers", "1", "--backend-store-uri", settings.mlflow_tracking_uri,
                "--artifacts-destination", str(settings.mlflow_artifacts),
                "--default-artifact-root", str(settings.mlflow_artifacts),
            ),
            ready_url=f"{mlflow}/health",
            page=mlflow,
            environment={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        ),
        Service(
            name="code",
            command=(
                str(bin_folder / "dagster"), "api", "grpc", "--module-name", "plant_assets.definitions",
                "--host", "127.0.0.1", "--port", str(settings.port_code),
                "--location-name", "plant_assets", "--inject-env-vars-from-instance",
            ),
            ready_port=settings.port_code,
        ),
        Service(
            name="dagster",
            command=(
                str(bin_folder / "dagster-webserver"), "--host", host, "--port", str(settings.port_dagster),
                "--workspace", workspace, "--uvicorn-log-level", "warning",
            ),
            ready_url=f"{web}/server_info",
            after="code",
            page=web,
        ),
        Service(
            name="daemon",
            command=(str(bin_folder / "dagster-daemon"), "run", "--workspace", workspace),
            after="code",
        ),
        Service(
            name="inference",
            command=(sys.executable, "-m", "serving"),
            ready_url=f"{inference}/health",
            page=f"{inference}/docs",
            environment={"FOREWARN_DEFAULT_PLANT": default_plant(settings)},
        ),
    ]  # fmt: skip


def default_plant(settings: Settings) -> str:
    """The plant at inference's root: the one that is set, else the demo where it runs."""
    demo = settings.demo and DEMO in plant_names(settings.defs)
    return DEMO if demo and "default_plant" not in settings.model_fields_set else settings.default_plant
