"""Why a drop's run failed, and whether that says anything of its files.

Belongs here: reading Dagster's events, and runs that died before they began. Doesn't belong here: what becomes
of the files (`drop_sensor.py`, `ingest/folder/ledger.py`).
"""

import time
from dataclasses import dataclass

import dagster as dg
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.launcher.base import WorkerStatus
from dagster_shared.error import SerializableErrorInfo

from plant_assets.components.naming import PLANT_TAG
from plant_assets.resources.lake import MAX_ATTEMPTS

_PASSING = ("StorageFullError", "StorageBusyError", "stayed locked", "database is locked", "No space left")
_INTERRUPTED = {"DagsterExecutionInterruptedError", "KeyboardInterrupt", "ChildProcessCrashException"}
_LOST = {
    RunFailureReason.START_TIMEOUT: "did not start in time",
    RunFailureReason.UNEXPECTED_TERMINATION: "was interrupted",
}
_REPORTS_WITHIN_S = 30
"""How long a launch may take to reach the code server."""


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run failed, in one line.

    Attributes:
        attempts: how many failures of this kind a drop may have.
        counts: whether it counts as one; what befell the run alone does not.
        passing: the place that keeps the state had no room, or was locked.
    """

    reason: str
    attempts: int = MAX_ATTEMPTS
    counts: bool = True
    passing: bool = False


def run_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunFailure:
    """Why a run failed.

    A breached check stays one: the drop isn't tried again. Another error may be chance: once more. A locked
    database or a full disk passes, and a run that never started, was interrupted or lost its process says
    nothing of the drop: again, as often as it takes.
    """
    for event in _events(instance, run, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        check = event.asset_check_evaluation_data
        if check.blocking and not check.passed:
            return RunFailure(f"{check.check_name}: {check.description}", 1)
    short = run.run_id[:8]
    for event in _events(instance, run, dg.DagsterEventType.STEP_FAILURE):
        error = event.step_failure_data.error
        if error is None or _is_interruption(error):
            continue
        error = error.cause or error
        text = error.message.strip().splitlines()
        reason = f"{event.step_key}: {text[0] if text else 'failed'}"
        if any(sign in error.message for sign in _PASSING):
            return RunFailure(reason, counts=False, passing=True)
        return RunFailure(reason, 2)
    if run.status == dg.DagsterRunStatus.CANCELED:
        return RunFailure(f"run {short} was cancelled", 1)
    for event in _events(instance, run, dg.DagsterEventType.RUN_FAILURE):
        data = event.event_specific_data
        if isinstance(data, JobFailureData) and data.failure_reason in _LOST:
            return RunFailure(f"run {short} {_LOST[data.failure_reason]}", counts=False)
    return RunFailure(f"run {short} lost its process", counts=False)


def fail_lost_starts(instance: dg.DagsterInstance, plant: str) -> None:
    """Report runs as failed whose process is gone before it began; run monitoring asks only after the time-out.

    Looked at are the plant's runs, and those of people, which carry no plant's tag.
    """
    launcher = instance.run_launcher
    if not launcher.supports_check_run_worker_health:
        return
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])):
        launched = instance.get_run_stats(run.run_id).launch_time
        if run.tags.get(PLANT_TAG, plant) != plant or launched is None:
            continue
        if time.time() - launched < _REPORTS_WITHIN_S:
            continue
        health = launcher.check_run_worker_health(run)
        now = instance.get_run_by_id(run.run_id)
        if health.status is WorkerStatus.NOT_FOUND and now is not None and now.status == run.status:
            instance.report_run_failed(now, f"The run did not start: {health.msg}")


def _is_interruption(error: SerializableErrorInfo | None) -> bool:
    while error is not None:
        if error.cls_name in _INTERRUPTED:
            return True
        error = error.cause
    return False


def _events(
    instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType
) -> list[dg.DagsterEvent]:
    logged = (record.dagster_event for record in instance.all_logs(run.run_id, of_type=kind))
    return [event for event in logged if event is not None]
