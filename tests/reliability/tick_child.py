"""Dagster's daemon, and a run, in processes that kill themselves at a commit; the server of `fork_server.py` has this loaded."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon import sensor as sensor_daemon
from sqlalchemy import Engine, event

import plant_assets.ingest.layouts.pairs
from plant_assets.cli import home
from plant_assets.components.drop_sensor import drop_sensor
from plant_assets.components.naming import RAW, asset_key, job_name
from plant_assets.ingest.drop import ingest_drop
from plant_assets.resources.lake import LakeResource
from plant_assets.settings import read_settings
from tests.ingest.events import small_profile
from tests.reliability.fork_server import KillSwitch

LOADED = plant_assets
PROFILE = small_profile()
JOB = job_name(PROFILE.name)
_MOST_TICKS = 5


class _Drop(dg.Config):
    files: list[str]
    force: bool = False


@dg.op(name=asset_key(PROFILE.name, RAW).to_python_identifier())
def take_in(config: _Drop, lake: LakeResource) -> None:
    """Take the files in, as a run does; models are of no matter here."""
    folder, quarantine = lake.drop_folder(PROFILE.name), Path(lake.quarantine)
    paths = [Path(file) for file in config.files]
    ingest_drop(
        paths, PROFILE, lake.history(PROFILE.name), lake.ledger(), quarantine, lake.now(), drop_folder=folder
    )


@dg.job(name=JOB, executor_def=dg.in_process_executor)
def pipeline() -> None:
    take_in()


def definitions() -> dg.Definitions:
    lake = LakeResource.of(read_settings())
    return dg.Definitions(jobs=[pipeline], sensors=[drop_sensor(PROFILE, 0)], resources={"lake": lake})


def create_databases(environment: dict[str, str]) -> None:
    """Lay out a home."""
    with _instance(environment):
        pass


def tick(environment: dict[str, str], die_at: int) -> None:
    """One look of the daemon at the drop folder, killed at a commit to any database."""
    with _instance(environment) as instance, _workspace(instance) as workspace:
        switch, note_start = KillSwitch(die_at), sensor_daemon.mark_sensor_state_for_tick

        def count_from_here(*given: object) -> None:
            event.listen(Engine, "commit", switch.step)
            note_start(*given)  # type: ignore[arg-type]

        sensor_daemon.mark_sensor_state_for_tick = count_from_here
        _tick(workspace)


def finish(environment: dict[str, str], hours_later: float) -> None:
    """The daemon after a restart: looks until there is a run, which is then executed, and a look after it."""
    if hours_later >= 24:
        sensor_daemon.MAX_TIME_TO_RESUME_TICK_SECONDS = -1
    with _instance(environment) as instance, _workspace(instance) as workspace:
        for _ in range(_MOST_TICKS):
            _tick(workspace)
            if queued := instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
                break
        else:
            raise AssertionError(f"no run was asked for: {instance.get_runs()}")
        (run,) = queued
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_STARTING", run.job_name), run.run_id)
        started = instance.get_run_by_id(run.run_id)
        assert started is not None
        execute_run(InMemoryJob(definitions().resolve_job_def(JOB)), started, instance, raise_on_error=True)
        _tick(workspace)


def _tick(workspace: WorkspaceProcessContext) -> None:
    log = logging.getLogger("daemon")
    sensor_daemon.is_under_min_interval = lambda *_: False  # the next look comes at once
    for error in sensor_daemon.execute_sensor_iteration(workspace, log, None, None):
        assert error is None, error


@contextmanager
def _instance(environment: dict[str, str]) -> Iterator[dg.DagsterInstance]:
    os.environ.update(environment)
    read_settings.cache_clear()
    settings = read_settings()
    home.prepare(settings, [PROFILE.name])
    home.enter(settings)
    home.create_databases(settings)
    with dg.DagsterInstance.get() as instance:
        yield instance


@contextmanager
def _workspace(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    here = LoadableTargetOrigin(executable_path=sys.executable, module_name=__name__, attribute="definitions")
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(here, location_name="plant_assets"))
    with create_test_daemon_workspace_context(target, instance) as workspace:
        yield workspace
