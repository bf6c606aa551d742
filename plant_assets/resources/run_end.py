"""How a Dagster run ended, asked while it ends: Dagster notes the end of a run after its resources are gone.

Doesn't belong here: why it failed (`components/run_failures.py`).
"""

import dagster as dg

from plant_assets.models.registry_connection import RunStatus

_BEGUN = {dg.DagsterEventType.STEP_START}
_DONE = {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE}
_LEFT_OUT = {dg.DagsterEventType.STEP_SKIPPED}


def run_end(instance: dg.DagsterInstance, run_id: str) -> RunStatus | None:
    """The status that a run will have; None while one of its steps goes on or is still to come.

    Of steps in processes of their own, the one that ends last sees that all have ended. After a failure those that are still to come
    depend on it most of the time; what begins nevertheless ends after them, and is asked again.
    """
    by_kind: dict[dg.DagsterEventType, set[str]] = {}
    for record in instance.all_logs(run_id, of_type=_BEGUN | _DONE | _LEFT_OUT):
        event = record.dagster_event
        if event is not None and event.step_key is not None:
            by_kind.setdefault(event.event_type, set()).add(event.step_key)
    failed = by_kind.get(dg.DagsterEventType.STEP_FAILURE, set())
    done = failed | by_kind.get(dg.DagsterEventType.STEP_SUCCESS, set())
    left_out = by_kind.get(dg.DagsterEventType.STEP_SKIPPED, set())
    if by_kind.get(dg.DagsterEventType.STEP_START, set()) - done:
        return None
    if failed:
        return "FAILED"
    return None if _planned(instance, run_id) - done - left_out else "FINISHED"


def _planned(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    run = instance.get_run_by_id(run_id)
    if run is None or run.execution_plan_snapshot_id is None:
        return set()
    return set(instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute)
