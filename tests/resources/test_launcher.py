"""The run launcher's health check, with real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from plant_assets.resources.launcher import WatchedRunLauncher


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance as this project's dagster.yaml makes it."""
    template = Path(__file__).parents[2] / "dagster.yaml"
    (tmp_path / "dagster.yaml").write_text(template.read_text("utf-8"), "utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def _status(instance: dg.DagsterInstance, pid: int | None) -> WorkerStatus:
    run = instance.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTED)
    if pid is not None:
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchedRunLauncher)
    return launcher.check_run_worker_health(run).status


@dg.job
def _job() -> None: ...


def test_template_is_a_sound_instance(instance: dg.DagsterInstance) -> None:
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled
    assert instance.get_concurrency_config().run_queue_config.tag_concurrency_limits == [
        {"key": "forewarn/plant", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def test_living_process_is_running(instance: dg.DagsterInstance) -> None:
    assert _status(instance, os.getpid()) is WorkerStatus.RUNNING


def test_killed_process_is_gone(instance: dg.DagsterInstance) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.kill()
    process.wait()
    assert _status(instance, process.pid) is WorkerStatus.NOT_FOUND


def test_later_process_of_the_same_number_is_not_the_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.Process.create_time", lambda _: 4e9)
    assert _status(instance, os.getpid()) is WorkerStatus.NOT_FOUND


def test_run_that_is_still_starting_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert _status(instance, None) is WorkerStatus.RUNNING
