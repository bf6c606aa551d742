"""The run launcher's health check, with real processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._grpc.constants import GrpcServerCommand
from dagster._grpc.server import GrpcServerProcess
from dagster._grpc.types import CanCancelExecutionResult
from dagster._serdes import serialize_value

from plant_assets.resources import launcher as launcher_module
from plant_assets.resources.launcher import PlatformProcess, WatchedRunLauncher, platform_processes


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
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.tag_concurrency_limits == [
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


LAUNCHED = 1_000.0
OLD_SERVER, NEW_SERVER = (PlatformProcess(pid, at, True, False) for pid, at in ((1, 900.0), (2, 1_010.0)))
WORKER = PlatformProcess(3, 1_005.0, False, True)
EARLIER_WORKER = PlatformProcess(4, 950.0, False, True)


@pytest.mark.parametrize(
    ("living", "status"),
    [
        ([OLD_SERVER], WorkerStatus.RUNNING),  # which would tell of its death
        ([NEW_SERVER, WORKER], WorkerStatus.RUNNING),
        ([NEW_SERVER], WorkerStatus.NOT_FOUND),
        ([NEW_SERVER, EARLIER_WORKER], WorkerStatus.NOT_FOUND),
        ([], WorkerStatus.RUNNING),  # the code server is being started again
    ],
)
def test_run_that_has_not_reported_is_lost_with_the_code_server_that_was_asked(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    living: list[PlatformProcess],
    status: WorkerStatus,
) -> None:
    monkeypatch.setattr(launcher_module, "platform_processes", lambda: living)
    monkeypatch.setattr(WatchedRunLauncher, "_is_known", lambda *_: True)
    assert _starting(instance) is status


def test_run_that_the_code_server_was_never_asked_for_is_lost(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon was killed after it had noted the start, before it said whom it asks, or before it asked."""
    monkeypatch.setattr(launcher_module, "platform_processes", lambda: [OLD_SERVER])
    assert _starting(instance) is WorkerStatus.NOT_FOUND
    (tmp_path / "location.py").write_text("import dagster\n\ndefs = dagster.Definitions()\n", "utf-8")
    server = GrpcServerProcess(
        instance.get_ref(),
        GrpcServerCommand.CODE_SERVER_START,
        loadable_target_origin=LoadableTargetOrigin(
            executable_path=sys.executable, python_file=str(tmp_path / "location.py")
        ),
        startup_timeout=600,
        wait_on_exit=True,
    )
    with server:
        address = {"host": "localhost", "socket": server.socket, "port": server.port}
        tags = {GRPC_INFO_TAG: json.dumps({k: v for k, v in address.items() if v})}
        assert _starting(instance, tags) is WorkerStatus.NOT_FOUND
    assert _starting(instance, tags) is WorkerStatus.RUNNING  # which nobody can tell


def test_run_that_the_code_server_has_is_left_alone(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = serialize_value(CanCancelExecutionResult(can_cancel=True))
    client = SimpleNamespace(can_cancel_execution=lambda *_, **__: answer)
    monkeypatch.setattr(WatchedRunLauncher, "_get_grpc_client_for_termination", lambda *_: client)
    monkeypatch.setattr(launcher_module, "platform_processes", lambda: [OLD_SERVER])
    assert _starting(instance) is WorkerStatus.RUNNING


def test_process_of_another_run_is_not_taken_for_the_one_that_starts(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_module, "platform_processes", lambda: [NEW_SERVER, WORKER])
    _status(instance, WORKER.pid)
    assert _starting(instance) is WorkerStatus.NOT_FOUND


def test_processes_of_the_home_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    here = os.environ | {"DAGSTER_HOME": str(tmp_path)}
    elsewhere = os.environ | {"DAGSTER_HOME": str(tmp_path / "other")}
    command = [sys.executable, "-c", "print(flush=True); input()"]
    started = [
        subprocess.Popen([*command, word], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for word, environment in (("grpc", here), ("spawn_main", here), ("other", here), ("grpc", elsewhere))
    ]
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        found = {process.pid: (process.is_code_server, process.is_worker) for process in platform_processes()}
        assert found == {started[0].pid: (True, False), started[1].pid: (False, True)}
    finally:
        for process in started:
            process.communicate(b"\n")


def _starting(instance: dg.DagsterInstance, tags: dict[str, str] | None = None) -> WorkerStatus:
    run = instance.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTING, tags=tags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instance, "get_run_stats", lambda _: SimpleNamespace(launch_time=LAUNCHED))
        return instance.run_launcher.check_run_worker_health(run).status
