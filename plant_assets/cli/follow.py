"""Shows a Dagster run's steps as they happen, for as long as anything does."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import dagster as dg
from rich.progress import Progress, TaskID

from plant_assets.cli.pages import run_page
from plant_assets.components.naming import DROP_TAG

_POLL_S = 0.3
_TWICE = re.compile(r"^(\w+)_(?=\1_)")


class ProgressWatch:
    """Tells slow work from work that stands still.

    Args:
        patience_s: how long nothing may change.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._seen: object = None
        self._since = time.monotonic()

    def note(self, state: object) -> None:
        """Note the state of the work; another one than before is progress."""
        if state != self._seen:
            self._seen, self._since = state, time.monotonic()

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._since >= self._patience_s


def follow_run(drop_key: str, progress: Progress, patience_s: float) -> str | None:
    """Add a line for each step of the run until the run ends.

    A run that has started is waited for however long it takes: Dagster ends one whose process died.

    Args:
        drop_key: what the run's tag of that name says; the run may not exist yet.
        progress: where the lines go.
        patience_s: how long to wait for a run that doesn't start.

    Returns:
        what became of the run, as `failed: …` is; None where it succeeded.
    """
    watch = ProgressWatch(patience_s)
    tasks: dict[str, TaskID] = {}
    told = False
    with dg.DagsterInstance.get() as instance:
        while not watch.is_over:
            run = next(iter(instance.get_runs(dg.RunsFilter(tags={DROP_TAG: drop_key}), limit=1)), None)
            if run is not None:
                if not told:
                    progress.console.print(f"Dagster shows the run at {run_page(run.run_id)}", soft_wrap=True)
                    told = True
                _show_steps(instance, run.run_id, progress, tasks)
                is_going = run.status is dg.DagsterRunStatus.STARTED
                watch.note(time.monotonic() if is_going else run.status)
                if run.is_success:
                    return None
                if run.is_finished:
                    logged = (entry.dagster_event for entry in instance.all_logs(run.run_id))
                    return f"failed: {why_failed([event for event in logged if event is not None])}"
            time.sleep(_POLL_S)
    return f"didn't start within {patience_s:.0f} s; see the Dagster page"


def why_failed(events: Sequence[dg.DagsterEvent]) -> str:
    """What the check says that stopped the run, else the first failed step and its own words."""
    evaluated = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    checks = [e.asset_check_evaluation_data for e in events if e.event_type is evaluated]
    if failed := [check for check in checks if not check.passed and check.blocking]:
        return "; ".join(f"{check.check_name}: {check.description}" for check in failed)
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error if error else None
            said = cause.message.strip().splitlines()[-1] if cause else "no reason given"
            return f"{event.step_key}: {said}"
    return "the run failed"


@contextmanager
def show_steps(instance: dg.DagsterInstance, run_id: str, progress: Progress) -> Iterator[None]:
    """Show the steps of a run in this process while this lasts."""
    over, tasks = Event(), dict[str, TaskID]()

    def look() -> None:
        while not over.wait(_POLL_S):
            _show_steps(instance, run_id, progress, tasks)

    watcher = Thread(target=look)
    with progress:
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            _show_steps(instance, run_id, progress, tasks)


def step_name(key: str) -> str:
    """A step's key in words, without the plant; a check's begins with its asset, as the check's own name may."""
    own = _TWICE.sub("", key.split("__", 1)[-1])
    return own.replace("__", ": ").replace("_", " ")


def _show_steps(
    instance: dg.DagsterInstance, run_id: str, progress: Progress, tasks: dict[str, TaskID]
) -> None:
    for step in instance.get_run_step_stats(run_id):
        if step.start_time is None:
            continue
        name = step_name(step.step_key)
        if step.step_key not in tasks:
            tasks[step.step_key] = progress.add_task(name, total=1)
        task = tasks[step.step_key]
        if step.end_time is not None and not progress.tasks[task].finished:
            failed = step.status is not None and step.status.value != "SUCCESS"
            progress.update(task, completed=1, failed=failed)
