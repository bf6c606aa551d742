"""The drop-folder sensor of a plant: from settled files to one run, and from a dead run to its next attempt.

Belongs here: the conversation of ledger and Dagster. Doesn't belong here: what counts as settled or how
often a file is tried (`ingest/folder/ledger.py`), or how files are read.

All memory is in the ledger and in Dagster's run storage, none in the daemon: whatever is killed, the next
look finds a file settled, or requested without a run, or with a failed one, and goes on from there.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from plant_assets.components.checks import OVERDUE_CHECK, overdue_result
from plant_assets.components.live_drops import readings_alone, trains_nothing
from plant_assets.components.naming import (
    ATTEMPT_TAG,
    DROP_TAG,
    PLANT_TAG,
    RAW,
    active_run,
    asset_key,
    job_name,
)
from plant_assets.components.run_failures import fail_lost_starts, run_failure
from plant_assets.ingest.folder.ledger_entry import UNREADABLE, LedgerEntry
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.run_server import fork_runs

if TYPE_CHECKING:
    from plant_assets.ingest.folder.ledger import DropLedger

_DEAD = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_SECOND_LOOK_S = 2
_PAUSE = timedelta(seconds=15)
"""After the first failure that passes by itself; twice as long after each further one."""
_MOST_DOUBLINGS = 6
_GATHER = timedelta(seconds=30)
"""How long settled files wait for others of the folder that are still being written."""


def drop_sensor(profile: PlantProfile, poll_seconds: int) -> dg.SensorDefinition:
    """The sensor that requests one run for all files that lie ready in the plant's drop folder."""

    @dg.sensor(
        name=f"{profile.name}__drop_folder",
        job_name=job_name(profile.name),
        minimum_interval_seconds=poll_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches data_drop/{profile.name}; one run ingests all files that are ready.",
        tags={PLANT_TAG: profile.name},
    )
    def drop_folder(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        fork_runs()
        ledger = lake.ledger()
        for moved in lake.move_strays(profile.name):
            context.log.info(f"{moved.name} lay in {lake.drop}; it goes to {profile.name}, now as {moved}")
        fail_lost_starts(context.instance, profile.name)
        _notice_dead_runs(context.instance, ledger, profile.name, lake)
        requests = _unstarted_requests(context.instance, ledger, profile, lake)
        reason = ""
        if not requests:
            ready, reason = _ready_files(context, ledger, profile.name, lake, poll_seconds)
            if ready:
                requests = [_request(context.instance, ledger, profile, ready, lake)]
        events, cursor = _overdue_alert(profile.name, lake, context.cursor)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(reason),
            asset_events=events,
            cursor=cursor,
        )

    return drop_folder


def _ready_files(
    context: dg.SensorEvaluationContext,
    ledger: "DropLedger",
    plant: str,
    lake: LakeResource,
    poll_seconds: int,
) -> tuple[list[LedgerEntry], str]:
    """Files that a run should take in now, or why there are none."""
    folder = lake.drop_folder(plant)
    ready = ledger.scan(folder, plant, lake.now())
    if not ready and ledger.entries(plant, ["seen"]):
        # Dagster looks every 5 s at most; the second look of the settling rule needn't wait for that.
        time.sleep(min(poll_seconds, _SECOND_LOOK_S))
        ready = ledger.scan(folder, plant, lake.now())
    if not ready:
        return [], f"nothing new in {folder}{_told_of_strays(lake)}"
    ready = [entry for entry in ready if not _pauses(context.instance, entry, lake)]
    if not ready:
        return [], (
            "files are waiting: the disk is full, the database is locked, a file is unreadable, or runs were lost"
        )
    if busy := active_run(context.instance, plant):
        return [], f"{len(ready)} files wait for run {busy.run_id[:8]}"
    ready = [
        entry for entry in ready if entry.forced
    ] or ready  # content that went in before has a run of its own
    growing = [e for e in ledger.entries(plant, ["seen"]) if not e.gone]
    if growing and lake.now() - min(e.first_seen for e in ready) < _GATHER:
        return [], f"{len(ready)} files wait for {growing[0].path.name}, which is still being written"
    return ready, ""


def _told_of_strays(lake: LakeResource) -> str:
    """Files that no plant gets; of the others there are none that stay."""
    names = [] if lake.root_plant else lake.strays()
    if not names:
        return ""
    return (
        f"; {', '.join(names[:5])} in {lake.drop} itself: no plant gets it, as there are several and none is "
        "FOREWARN_DEFAULT_PLANT; move it into a plant's folder"
    )


def _request(
    instance: dg.DagsterInstance,
    ledger: "DropLedger",
    profile: PlantProfile,
    entries: Sequence[LedgerEntry],
    lake: LakeResource,
) -> dg.RunRequest:
    attempt = max(entry.attempt for entry in entries) + 1
    key = drop_key(entries, attempt)
    # Noted before it is asked for: a request without a run is asked for again, with the same key.
    ledger.request(entries, key, lake.now())
    alone = trains_nothing(instance, ledger, profile.name, entries, lake.retrain_after)
    return _run_request(profile, entries, key, attempt, alone)


def drop_key(entries: Sequence[LedgerEntry], attempt: int) -> str:
    """Key of a drop's run: paths, contents and attempt, and when they were dropped.

    Dagster never repeats a key, and a file that was given up may be dropped again as it is.
    """
    content = sorted((str(e.path), e.sha256, e.first_seen.isoformat()) for e in entries)
    return f"{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}-{attempt}"


def _run_request(
    profile: PlantProfile, entries: Sequence[LedgerEntry], key: str, attempt: int, alone: bool
) -> dg.RunRequest:
    raw_op = asset_key(profile.name, RAW).to_python_identifier()
    drop = {"files": [str(entry.path) for entry in entries], "force": any(entry.forced for entry in entries)}
    return dg.RunRequest(
        run_key=key,
        run_config={"ops": {raw_op: {"config": drop}}},
        tags={PLANT_TAG: profile.name, DROP_TAG: key, ATTEMPT_TAG: str(attempt)},
        asset_selection=readings_alone(profile) if alone else None,
    )


def _unstarted_requests(
    instance: dg.DagsterInstance, ledger: "DropLedger", profile: PlantProfile, lake: LakeResource
) -> list[dg.RunRequest]:
    """Requests that never became a run that waits for its turn, because the daemon died in between.

    Dagster goes on with an interrupted look for a day; a run that it had made but not submitted by then would keep
    the plant's place for ever. Asked for by the same key, it is submitted, and no other is made.
    """
    found = []
    for key, entries in _by_request(ledger.entries(profile.name, ["requested"])).items():
        run = _run_of(instance, key)
        if run is None or run.status is dg.DagsterRunStatus.NOT_STARTED:
            alone = trains_nothing(instance, ledger, profile.name, entries, lake.retrain_after)
            found.append(_run_request(profile, entries, key, max(e.attempt for e in entries), alone))
    return found


def _notice_dead_runs(
    instance: dg.DagsterInstance, ledger: "DropLedger", plant: str, lake: LakeResource
) -> None:
    """Give the files of a failed run back, to be tried again or given up.

    Files that are in the history already count too, as long as no later run made models of it: a drop
    is finished when its run is.
    """
    requests = _by_request(ledger.entries(plant, ["requested", "ingested"]))
    newest = max(requests, key=lambda key: max(e.changed_at for e in requests[key]), default=None)
    for key, entries in requests.items():
        if key != newest and all(entry.state == "ingested" for entry in entries):
            continue
        run = _run_of(instance, key)
        if run is not None and run.status in _DEAD and not _made_good(instance, plant, run):
            failure = run_failure(instance, run)
            lake.ledger(failure.attempts).run_failed(
                entries, failure.reason, lake.now(), counts=failure.counts
            )


def _pauses(instance: dg.DagsterInstance, entry: LedgerEntry, lake: LakeResource) -> bool:
    """Whether what a file's last run met may still be so: unreadable, no room, or a machine that loses runs."""
    if not entry.attempt:
        return False
    if UNREADABLE in entry.message:
        doublings = entry.faults - 1
    else:
        run = _run_of(instance, entry.run_id)
        failure = run_failure(instance, run) if run is not None and run.status in _DEAD else None
        if failure is None or failure.counts:
            return False
        # A run that was lost is repeated at once, and only then after pauses.
        doublings = entry.attempt - (1 if failure.passing else 2)
    if doublings < 0:
        return False
    return lake.now() - entry.changed_at < _PAUSE * 2 ** min(doublings, _MOST_DOUBLINGS)


def _by_request(entries: Sequence[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
    found: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.run_id:
            found.setdefault(entry.run_id, []).append(entry)
    return found


def _run_of(instance: dg.DagsterInstance, key: str) -> dg.DagsterRun | None:
    """The newest run of a request; a person may have executed it again."""
    return next(iter(instance.get_runs(dg.RunsFilter(tags={DROP_TAG: key}), limit=1)), None)


def _made_good(instance: dg.DagsterInstance, plant: str, dead: dg.DagsterRun) -> bool:
    """Whether a later run of the whole pipeline succeeded."""
    done = dg.RunsFilter(
        job_name=job_name(plant), tags={PLANT_TAG: plant}, statuses=[dg.DagsterRunStatus.SUCCESS]
    )
    last = next(iter(instance.get_run_records(done, limit=1)), None)
    mine = instance.get_run_record_by_id(dead.run_id)
    return last is not None and mine is not None and last.storage_id > mine.storage_id


def _overdue_alert(
    plant: str, lake: LakeResource, cursor: str | None
) -> tuple[list[dg.AssetCheckEvaluation], str]:
    """The check that a person sees, reported when what waits has changed."""
    result = overdue_result(asset_key(plant, RAW), lake, plant)
    if (result.description or "") == (cursor or "no file has waited too long"):
        return [], cursor or ""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=asset_key(plant, RAW),
        check_name=OVERDUE_CHECK,
        passed=result.passed,
        severity=result.severity,
        metadata=result.metadata,
        description=result.description,
    )
    return [evaluation], result.description or ""
