"""The processes that make up the platform on one machine: their commands, and how to tell they are ready."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from plant_assets.cli import home
from plant_assets.profile.load import plant_names
from plant_assets.settings import PipelineSettings

DEMO = "demo"
DATABASES = "databases"
"""What the code server needs: Dagster's databases, which `up` makes while the other services start."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """One process.

    Attributes:
        name: what logs and `make ps` call it.
        port: where it listens, as `FOREWARN_PORT_<NAME>` says; 0 where it doesn't.
        ready_url: answers 2xx once the service is usable; without one, its port accepts connections then.
        after: what must be ready before this one starts: another service, or `DATABASES`.
        page: what a person opens; empty where there is nothing to see.
        is_local: it has no accounts, and listens on this machine alone whatever `FOREWARN_HOST` says.
    """

    name: str
    command: tuple[str, ...]
    port: int = 0
    ready_url: str = ""
    after: str = ""
    page: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    is_local: bool = False


def services(settings: PipelineSettings) -> list[ServiceProcess]:
    """The services of this platform, in the order in which they start."""
    return [
        *([] if settings.mlflow_elsewhere else [_mlflow(settings)]),
        _code(settings),
        _dagster(settings),
        _daemon(settings),
        *([_sensors(settings)] if _sensors_run(settings) else []),
        _inference(settings),
        _live(settings),
        _gateway(settings),
    ]


def broker_process(settings: PipelineSettings, program: str, configuration: Path) -> ServiceProcess:
    """Mosquitto as one of the processes."""
    return ServiceProcess(
        name="mqtt", command=(program, "-c", str(configuration)), port=settings.port_mqtt, is_local=True
    )


def single_services(settings: PipelineSettings) -> dict[str, ServiceProcess]:
    """The services that can run alone, by name; sensors whether or not the platform starts it."""
    alone = (_sensors(settings), _inference(settings), _live(settings), _gateway(settings))
    return {service.name: service for service in alone}


def pages(settings: PipelineSettings) -> dict[str, str]:
    """What a person opens, by service; MLflow's may be one that runs elsewhere."""
    given = settings.mlflow_elsewhere
    own = {service.name: service.page for service in services(settings) if service.page}
    return {"mlflow": given, **own} if given else own


def _mlflow(settings: PipelineSettings) -> ServiceProcess:
    url = f"http://{settings.local_host}:{settings.port_mlflow}"
    return ServiceProcess(
        name="mlflow",
        command=(sys.executable, "-m", "plant_assets.cli.tracking_server"),
        port=settings.port_mlflow,
        is_local=True,
        ready_url=f"{url}/health",
        page=url,
    )


def _code(settings: PipelineSettings) -> ServiceProcess:
    return ServiceProcess(
        name="code",
        command=(
            # Unlike `dagster api grpc` it loads the definitions again when it is asked to.
            _program("dagster"), "code-server", "start", "--module-name", "plant_assets.definitions",
            "--host", "127.0.0.1", "--port", str(settings.port_code),
            "--location-name", "plant_assets", "--inject-env-vars-from-instance",
        ),
        port=settings.port_code,
        is_local=True,
        after=DATABASES,
    )  # fmt: skip


def _dagster(settings: PipelineSettings) -> ServiceProcess:
    url = f"http://{settings.local_host}:{settings.port_dagster}"
    return ServiceProcess(
        name="dagster",
        command=(sys.executable, "-m", "plant_assets.cli.dagster_server"),
        port=settings.port_dagster,
        is_local=True,
        ready_url=f"{url}/server_info",
        after="code",
        page=url,
    )


def _daemon(settings: PipelineSettings) -> ServiceProcess:
    return ServiceProcess(
        name="daemon",
        command=(_program("dagster-daemon"), "run", "--workspace", home.workspace(settings)),
        after="code",
    )


def _inference(settings: PipelineSettings) -> ServiceProcess:
    # Alive is enough: its models come later.
    return _service_process(
        settings,
        "inference",
        settings.port_inference,
        "health",
        environment={
            "FOREWARN_DEFAULT_PLANT": default_plant(settings),
            "TRAIN_IF_MISSING": str(int(_trains_missing(settings))),
        },
    )


def _gateway(settings: PipelineSettings) -> ServiceProcess:
    return _service_process(settings, "gateway", settings.port_gateway, "ready", page="")


def _live(settings: PipelineSettings) -> ServiceProcess:
    return _service_process(settings, "live", settings.port_live, "health")


def _sensors(settings: PipelineSettings) -> ServiceProcess:
    return _service_process(settings, "sensors", settings.port_sensors, "ready")


def _service_process(
    settings: PipelineSettings,
    name: str,
    port: int,
    probe: str,
    *,
    page: str = "docs",
    environment: dict[str, str] | None = None,
) -> ServiceProcess:
    url = f"http://{settings.host}:{port}"
    return ServiceProcess(
        name=name,
        command=(sys.executable, "-m", "serving", name),
        port=port,
        ready_url=f"{url}/{probe}",
        page=f"{url}/{page}",
        environment=environment or {},
    )


def _sensors_run(settings: PipelineSettings) -> bool:
    """Whether the platform has a live plant: the one that is asked for, else the demo where it runs."""
    asked = "sensors_plant" in settings.model_fields_set
    return asked or (settings.demo and settings.sensors_plant in plant_names(settings.defs))


def _trains_missing(settings: PipelineSettings) -> bool:
    """Whether simulated plants get their first model by themselves: as it is set, else where the demo runs."""
    return settings.demo if settings.train_if_missing is None else settings.train_if_missing


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def default_plant(settings: PipelineSettings) -> str:
    """The plant at inference's root: the one that is set, else the demo where it runs."""
    demo = settings.demo and DEMO in plant_names(settings.defs)
    return DEMO if demo and "default_plant" not in settings.model_fields_set else settings.default_plant
