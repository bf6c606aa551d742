"""Lays out `FOREWARN_HOME`: the folders, Dagster's instance and workspace files, and what processes inherit."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Self

from plant_assets.settings import PipelineSettings

DAGSTER_TEMPLATE = Path(__file__).parents[2] / "dagster.yaml"

_MISREAD = re.compile(r"""\?|%[0-9A-Fa-f]{2}|'.*"|".*'""")
"""What MLflow reads in another way where it stands in a path; of other quotes and signs it keeps the meaning."""
_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
WORKSPACE = """\
load_from:
  - grpc_server:
      host: 127.0.0.1
      port: {port}
      location_name: plant_assets
"""


class HomeError(RuntimeError):
    """Where the platform's state or its drop folders should lie can't be used; says where, and why."""

    @classmethod
    def of(cls, settings: PipelineSettings, error: OSError) -> Self:
        place = Path(os.fsdecode(error.filename or settings.home))
        variable = "FOREWARN_DROP" if place.is_relative_to(settings.drop) else "FOREWARN_HOME"
        return cls(f"{variable}: {place}: {error.strerror}; expected a folder that can be written")


def prepare(settings: PipelineSettings, plants: list[str]) -> None:
    """Make the folders and configuration files; what exists and is up to date stays as it is.

    Raises:
        HomeError: `FOREWARN_HOME` or `FOREWARN_DROP` is no folder, or can't be written.
    """
    if _MISREAD.search(str(settings.home)):
        raise HomeError(
            f"FOREWARN_HOME: {settings.home}: addresses of databases misread ?, % before two hexadecimal digits, "
            "and quotes of both kinds; expected a folder without them"
        )
    folders = [
        settings.home / "run",
        settings.home / "logs",
        settings.home / "dagster",
        settings.mlflow_artifacts,
        settings.quarantine,
        *(settings.drop / plant for plant in plants),
    ]
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home / "run"):
            pass
        _write(settings.home / "dagster" / "dagster.yaml", instance_file(settings))
        _write(Path(workspace(settings)), WORKSPACE.format(port=settings.port_code))
    except OSError as error:
        raise HomeError.of(settings, error) from None


def workspace(settings: PipelineSettings) -> str:
    """The file that tells Dagster where its code runs."""
    return str(settings.home / "run" / "workspace.yaml")


def instance_file(settings: PipelineSettings) -> str:
    """Dagster's instance file with this platform's settings."""
    template = DAGSTER_TEMPLATE.read_text("utf-8")
    return re.sub(
        r"(?m)^(  start_timeout_seconds: ).*$", rf"\g<1>{settings.run_start_seconds}", template, count=1
    )


def create_databases(settings: PipelineSettings) -> None:
    """Make Dagster's databases, once: two services that both find none would migrate them against each other.

    Each takes its place when all of them are whole, as Dagster refuses one that it finds half made.
    """
    folder = settings.home / "dagster"
    if all((folder / name).exists() for name in _DATABASES):
        return
    from filelock import FileLock

    draft = folder / ".databases.part"
    with FileLock(folder / ".databases.lock"):
        missing = [name for name in _DATABASES if not (folder / name).exists()]
        if missing:
            shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
            _make_databases(draft, settings)
        for name in missing:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).replace(folder / name)
        shutil.rmtree(draft, ignore_errors=True)


def _make_databases(folder: Path, settings: PipelineSettings) -> None:
    from dagster import DagsterInstance

    folder.mkdir()
    (folder / "dagster.yaml").write_text(instance_file(settings), "utf-8")
    with DagsterInstance.from_config(str(folder)) as instance:
        instance.get_runs(limit=1)
        instance.get_dynamic_partitions("")
        instance.all_instigator_state()


def environment(settings: PipelineSettings) -> dict[str, str]:
    """Variables that every process of the platform needs beside those of the caller."""
    return {
        "FOREWARN_HOME": str(settings.home),
        "FOREWARN_DROP": str(settings.drop),
        "DAGSTER_HOME": str(settings.home / "dagster"),
        # The answer to a run's request is given once its process has loaded everything.
        "DAGSTER_GRPC_TIMEOUT_SECONDS": str(settings.run_start_seconds),
        "PYTHONUNBUFFERED": "1",
        # Many small fits: threads of the linear algebra only get into each other's way.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Of the C library: a pool of memory for each thread holds on to what its thread needed once.
        "MALLOC_ARENA_MAX": "2",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        # Without it git's absence prints a warning at each run, and its presence starts a process.
        "GIT_PYTHON_REFRESH": "quiet",
    }


def enter(settings: PipelineSettings) -> None:
    """Make this process see the platform's home, as the services do."""
    os.environ.update(environment(settings))


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
