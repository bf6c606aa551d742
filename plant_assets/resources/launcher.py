"""Runs as processes of this machine whose death is noticed, also after everything else died with them.

The code server notices when one of its runs dies; nothing does when both die, and the run would stay
"started" for ever, holding its plant's place in the queue. This launcher lets the daemon's run
monitoring look whether the run's process still lives. Daemon and code server must share a machine.
"""

import re

import dagster as dg
import psutil
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
_CLOCK_SLACK_S = 2.0


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, with a health check by process id."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that executes the run still lives on this machine."""
        started = self._process_start(run.run_id)
        if started is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not reported yet")
        pid, reported_at = started
        if _lives(pid, reported_at):
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(pid))
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"its process {pid} is gone")

    def _process_start(self, run_id: str) -> tuple[int, float] | None:
        events = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        for event in reversed(list(events)):
            match = _STARTED.search(event.message)
            if match:
                return int(match[1]), event.timestamp
        return None


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
