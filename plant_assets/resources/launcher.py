"""Runs as processes of this machine whose death is noticed, also after everything else died with them.

The code server notices when one of its runs dies; nothing does when both die, and the run would stay
"started" for ever, holding its plant's place in the queue. This launcher lets the daemon's run
monitoring look whether the run's process still lives. Daemon and code server must share a machine.
"""

import os
import re
from dataclasses import dataclass

import dagster as dg
import psutil
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from plant_assets.resources.run_server import is_code_server, is_forked

_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
_CLOCK_SLACK_S = 2.0
_ANSWERS_WITHIN_S = 5


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, with a health check by process id, and by asking the code server before there is one."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that executes the run still lives on this machine."""
        started = self._process_start(run.run_id)
        if started is None and self._is_lost(run.run_id):
            return CheckRunHealthResult(
                WorkerStatus.NOT_FOUND, "it has no process, and no code server that lives starts it"
            )
        if started is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not reported yet")
        pid, reported_at = started
        if _lives(pid, reported_at):
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(pid))
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"its process {pid} is gone")

    def _is_lost(self, run_id: str) -> bool:
        """Whether neither the run's process, which hasn't reported, lives nor a code server that was asked for it.

        A code server that lives reports the death of its runs itself; a daemon that was killed may not have asked it.
        """
        launched = self._instance.get_run_stats(run_id).launch_time
        if launched is None:
            return False
        processes = platform_processes()
        servers = [process for process in processes if process.is_code_server]
        reported = {found[0] for other in self._others(run_id) if (found := self._process_start(other))}
        asked = any(server.created_at <= launched + _CLOCK_SLACK_S for server in servers)
        begun = any(
            process.is_worker
            and process.created_at >= launched - _CLOCK_SLACK_S
            and process.pid not in reported
            for process in processes
        )
        # Without any code server there is nobody yet who could have started it elsewhere.
        return bool(servers) and not begun and not (asked and self._is_known(run_id))

    def _is_known(self, run_id: str) -> bool:
        """Whether the code server that a run names has it; one that can't be asked may."""
        client = self._get_grpc_client_for_termination(run_id)
        if client is None:
            return False
        try:
            answer = client.can_cancel_execution(
                CanCancelExecutionRequest(run_id=run_id), timeout=_ANSWERS_WITHIN_S
            )
        except DagsterUserCodeUnreachableError:
            return True
        return deserialize_value(answer, CanCancelExecutionResult).can_cancel

    def _others(self, but: str) -> list[str]:
        runs = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        return [run.run_id for run in runs if run.run_id != but]

    def _process_start(self, run_id: str) -> tuple[int, float] | None:
        events = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        for event in reversed(list(events)):
            match = _STARTED.search(event.message)
            if match:
                return int(match[1]), event.timestamp
        return None


@dataclass(frozen=True, slots=True)
class PlatformProcess:
    """A living process of this Dagster home.

    Attributes:
        created_at: Unix time.
        is_code_server: it starts runs.
        is_worker: it executes a run, or will.
    """

    pid: int
    created_at: float
    is_code_server: bool
    is_worker: bool


def platform_processes() -> list[PlatformProcess]:
    """Code servers and run workers that live, of the same Dagster home as this process."""
    home, found = os.environ.get("DAGSTER_HOME"), []
    for process in psutil.process_iter():
        try:
            if home is None or process.environ().get("DAGSTER_HOME") != home:
                continue
            command = process.cmdline()
            is_server = is_code_server(command)
            is_worker = any("spawn_main" in part for part in command) or is_forked(process)
            if (is_server or is_worker) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(PlatformProcess(process.pid, process.create_time(), is_server, is_worker))
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another person's
    return found


def _lives(pid: int, reported_at: float) -> bool:
    """Whether `pid` runs and is the process that reported, not a later one of the same number."""
    try:
        process = psutil.Process(pid)
        return (
            process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
            and process.create_time() <= reported_at + _CLOCK_SLACK_S
        )
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
