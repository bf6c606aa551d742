"""Parts of the platform's start in a process that kills itself at a write; the server of `fork_server.py` has this loaded."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import dagster
import dagster._core.storage.event_log.sqlite.sqlite_event_log
import dagster._core.storage.runs.sqlite.sqlite_run_storage
import dagster._core.storage.schedules.sqlite.sqlite_schedule_storage
import mlflow.store.db.utils
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store
import psutil
import supervisor.xmlrpc
from sqlalchemy import Engine, event
from typer.testing import CliRunner

from plant_assets.cli import home, supervision
from plant_assets.cli import up as up_command
from plant_assets.cli.main import app
from plant_assets.cli.services import DATABASES, ServiceProcess
from plant_assets.models.registry import ModelRegistry
from plant_assets.settings import PipelineSettings, read_settings
from serving.secret_file import load_secret
from tests.reliability.fork_server import KillSwitch

LOADED = dagster, mlflow, supervisor
_MOVES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link")


def prepare(settings: PipelineSettings, die_at: int) -> None:
    """Lay out the home and write the supervisor's configuration; steps are files, folders and moves."""
    watch_files(settings.home.parent, KillSwitch(die_at).step)
    home.prepare(settings, ["demo"])
    supervision.write_config(settings, [])


def create_databases(settings: PipelineSettings, die_at: int) -> None:
    """Make Dagster's databases; steps are files, folders, moves, and changes and commits of databases."""
    home.enter(settings)
    _watch(settings.home, die_at)
    home.create_databases(settings)


def open_mlflow(settings: PipelineSettings, die_at: int) -> None:
    """Make MLflow's database and find it usable; steps as above."""
    logging.disable()
    _watch(settings.home, die_at)
    _ = ModelRegistry.from_settings(settings).client


def _watch(folder: Path, die_at: int) -> None:
    switch = KillSwitch(die_at)
    watch_files(folder, switch.step)

    @event.listens_for(Engine, "commit")
    def on_commit(_connection: object) -> None:
        switch.step()

    @event.listens_for(Engine, "before_cursor_execute")
    def on_statement(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            switch.step()


def watch_files(folder: Path, step: Callable[[], object]) -> None:
    """Take what this process writes below a folder for steps: files opened, made, moved or removed."""
    below = f"{folder}/"

    def audit(name: str, given: tuple) -> None:
        opens = name == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        if (opens or name in _MOVES) and isinstance(given[0], str | Path) and str(given[0]).startswith(below):
            step()

    sys.addaudithook(audit)


def make_secret(path: Path, die_at: int) -> None:
    """Make a service's secret; steps are files, folders and moves."""
    watch_files(path.parent.parent, KillSwitch(die_at).step)
    load_secret(path, "")


def up(environment: dict[str, str], die_at: int, supervisor_dies: bool = False) -> None:
    """`forewarn up` with `PLATFORM`; fails where the command does.

    Args:
        environment: variables.
        die_at: step: laying out the home, starting the supervisor, making the databases, starting a
            service that waited for another, printing the addresses; 0 for none.
        supervisor_dies: it is the supervisor that is killed at the step.
    """
    os.environ.update(environment)
    read_settings.cache_clear()
    settings, switch = read_settings(), KillSwitch(die_at)
    if supervisor_dies:
        switch.kill = lambda: kill_supervisor(settings)
    up_command.services = lambda _: platform_of(settings)
    for owner, name in (
        (home, "prepare"),
        (supervision, "start"),
        (home, "create_databases"),
        (supervision, "start_service"),
        (up_command, "_print_addresses"),
    ):
        setattr(owner, name, _after_step(switch, getattr(owner, name)))
    result = CliRunner().invoke(app, ["up"])
    said_by_up(settings).write_text(result.output)
    if result.exit_code:
        raise result.exception or AssertionError


def said_by_up(settings: PipelineSettings) -> Path:
    """What the command printed last."""
    return settings.home.parent / "said"


def platform_of(settings: PipelineSettings) -> list[ServiceProcess]:
    """Three services that start at once: one by itself, one after the databases, one after that."""
    listen = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); [s.accept() for _ in iter(int, 1)]"
    command = sys.executable, "-S", "-c", listen

    def service(name: str, port: int, after: str = "") -> ServiceProcess:
        return ServiceProcess(name, (*command, str(port)), port, after=after, is_local=True)

    return [
        service("mlflow", settings.port_mlflow),
        service("code", settings.port_code, DATABASES),
        service("dagster", settings.port_dagster, "code"),
    ]


def kill_supervisor(settings: PipelineSettings) -> None:
    """Kill -9 of the supervisor, and wait until it has gone."""
    pid = supervision.proxy(settings).supervisor.getPID()
    assert isinstance(pid, int)
    process = psutil.Process(pid)
    process.kill()
    psutil.wait_procs([process])


def _after_step(switch: KillSwitch, function: Callable[..., object]) -> Callable[..., object]:
    def stepped(*given: object) -> object:
        switch.step()
        return function(*given)

    return stepped
