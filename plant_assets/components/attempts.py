"""Which Dagster runs are attempts at the same, and what became of one.

Doesn't belong here: why an attempt failed, and whether there is another (`run_failures.py`, `drop_sensor.py`).
"""

import dagster as dg

from plant_assets.components.naming import DROP_TAG
from plant_assets.models.registry_connection import RunStatus


def first_attempt(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Id of the run that a run repeats, its own where it repeats none.

    Repeated are a run that a person executes again, and a drop's run whose number of the attempt ends its key.
    """
    drop, _, number = run.tags.get(DROP_TAG, "").rpartition("-")
    if drop and number != "1":
        begun = instance.get_runs(dg.RunsFilter(tags={DROP_TAG: f"{drop}-1"}))
        if begun:
            run = begun[-1]
    return run.root_run_id or run.run_id


def how_it_ended(instance: dg.DagsterInstance, run_id: str) -> RunStatus | None:
    """The status of what a run left open; None while it goes on."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return "KILLED"
    if not run.is_finished:
        return None
    return "FINISHED" if run.is_success else "KILLED"
