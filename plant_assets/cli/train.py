"""`forewarn train PLANT`: run a plant's job immediately, without the daemon.

Belongs here: the first drop, waiting for other runs of the same plant, and the result.
Doesn't belong here: what the job does (`components`).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from filelock import FileLock
from rich.console import Console
from rich.markup import escape

from plant_assets.cli import home
from plant_assets.cli.console import fail, first_names, known_plant, step_progress
from plant_assets.cli.pages import run_page
from plant_assets.profile.load import plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings, read_settings
from plant_assets.simulation.drops import write_drop, write_operator_log
from plant_assets.simulation.origin import OriginError, OriginNote
from plant_assets.simulation.simulate import simulate

if TYPE_CHECKING:
    import dagster as dg

    from plant_assets.ingest.folder.ledger_entry import LedgerEntry

_LOOK_S = 1.0
_SETTLES_WITHIN_S = 60.0


class TrainingError(RuntimeError):
    """A plant that wasn't trained; one sentence why."""


def train(
    plant: Annotated[str, typer.Argument(help="the plant")],
    missing: Annotated[bool, typer.Option("--missing", help="only if it has no serving model")] = False,
) -> None:
    """Train a plant on its history and on what waits in its drop folder; a simulated plant without either gets its simulated past first."""
    settings, console = read_settings(), Console(soft_wrap=True, highlight=False)
    profile = known_plant(plant, settings)
    home.prepare(settings, plant_names(settings.defs))
    home.enter(settings)
    try:
        with _alone(settings, plant):
            if missing and (version := _serving_version(settings, profile)):
                console.print(
                    f"{plant}: {profile.answering} version {version} is serving already; nothing was trained."
                )
                return
            _train(settings, profile, console)
    except TrainingError as error:
        fail(f"{plant} wasn't trained: {error}")
    version = _serving_version(settings, profile)
    if not version:
        fail(f"{plant}: the run succeeded, but no version of {profile.answering} is serving; see its report")
    console.print(f"{plant}: {profile.answering} version {version} is serving.")


@contextmanager
def _alone(settings: PipelineSettings, plant: str) -> Iterator[None]:
    """While this lasts nobody else on this machine trains the plant by this command, and no run of Dagster does."""
    with FileLock(settings.home / "run" / f"train-{plant}.lock"):
        home.create_databases(settings)
        _await_runs(plant)
        yield


def _await_runs(plant: str) -> None:
    """Wait for runs of the plant that go on; one whose process is gone is ended as failed."""
    import dagster as dg
    from dagster._core.launcher.base import WorkerStatus

    from plant_assets.components.naming import PLANT_TAG

    going = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED], tags={PLANT_TAG: plant}
    )
    with dg.DagsterInstance.get() as instance:
        while runs := instance.get_runs(going):
            for run in runs:
                if instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND:
                    instance.report_run_failed(run, message="its process has ended")
            time.sleep(_LOOK_S)


def _serving_version(settings: PipelineSettings, profile: PlantProfile) -> int | None:
    """The version of the plant's main model behind @champion, if it can be served."""
    from plant_assets.models.registry import ModelRegistry

    version = ModelRegistry.from_settings(settings).usable_champion(profile.answering_name)
    return None if version is None else version.version


def _train(settings: PipelineSettings, profile: PlantProfile, console: Console) -> None:
    import dagster as dg

    from plant_assets.cli.follow import show_steps, why_failed
    from plant_assets.components.naming import RAW, asset_key, job_name
    from plant_assets.components.plant import plant_definitions
    from plant_assets.defs.resources import resources

    waiting = _waiting_files(settings, profile.name)
    if waiting:
        names = first_names([entry.path.name for entry in waiting])
        console.print(escape(f"{profile.name}: {names} of its drop folder is ingested first."))
    else:
        _ensure_history(settings, profile, console)
    raw = asset_key(profile.name, RAW).to_python_identifier()
    drop = {"files": [str(e.path) for e in waiting], "force": any(e.forced for e in waiting)}
    job = dg.Definitions.merge(
        resources(), plant_definitions(profile, settings.poll_seconds)
    ).resolve_job_def(job_name(profile.name))
    run_id = str(uuid4())
    console.print(f"{profile.name}: training; Dagster shows the run at {run_page(run_id)}")
    with dg.DagsterInstance.get() as instance:
        Thread(target=_announce, args=(instance, run_id), daemon=True).start()
        with show_steps(instance, run_id, step_progress(console)):
            result = job.execute_in_process(
                # Dagster keeps its own lines with the run; here stand the steps.
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {raw: {"config": drop}},
                },
                instance=instance,
                run_id=run_id,
                raise_on_error=False,
            )
    if not result.success:
        raise TrainingError(why_failed(result.all_events))


def _waiting_files(settings: PipelineSettings, plant: str) -> "list[LedgerEntry]":
    """Files of the plant's drop folder that no run took in yet, once nobody writes them any more.

    Raises:
        TrainingError: one of them is written for longer than anybody waits, or the ledger can't be read.
    """
    from plant_assets.ingest.storage import StorageError
    from plant_assets.resources.lake import LakeResource

    lake, until = LakeResource.of(settings), time.monotonic() + _SETTLES_WITHIN_S
    folder = lake.drop_folder(plant).absolute()
    try:
        lake.move_strays(plant)
        ledger = lake.ledger()
        while True:
            ready = ledger.scan(folder, plant, lake.now())
            growing = [e.path.name for e in ledger.entries(plant, ["seen"]) if not e.gone]
            if not growing:
                asked = ledger.entries(plant, ["requested"])  # by a run that never came
                return [e for e in (*asked, *ready) if e.path.parent == folder and not e.gone]
            if time.monotonic() > until:
                raise TrainingError(f"{first_names(growing)} in {folder} is still being written")
            time.sleep(_LOOK_S)
    except StorageError as error:
        raise TrainingError(str(error)) from None


def _announce(instance: "dg.DagsterInstance", run_id: str) -> None:
    """Tell Dagster which process runs it, so that the daemon ends the run if this process is killed."""
    while (run := instance.get_run_by_id(run_id)) is None:
        time.sleep(0.05)
    instance.report_engine_event(f"Started process for run (pid: {os.getpid()}).", run)


def _ensure_history(settings: PipelineSettings, profile: PlantProfile, console: Console) -> None:
    """Take in a simulated plant's past where there is no history.

    Raises:
        TrainingError: a real plant without one, or the past can't be taken in.
    """
    from plant_assets.ingest.drop import ingest_drop
    from plant_assets.ingest.storage import StorageError
    from plant_assets.resources.lake import LakeResource

    lake = LakeResource.of(settings)
    history = lake.history(profile.name)
    if history.drops():
        return
    if not profile.simulated:
        raise TrainingError(f"it has no history; drop an export into {settings.drop / profile.name}")
    try:
        origin = OriginNote(settings.home / "sensors", profile.name).read_or_found(
            None, datetime.now(UTC), profile.simulation.past_days
        )
    except OriginError as error:
        raise TrainingError(str(error)) from None
    simulation = simulate(profile, origin.start, origin.past_days, origin.seed)
    # Not the drop folder: its sensor would start a run of its own.
    folder = settings.home / "training" / profile.name
    console.print(f"{profile.name}: no history yet, so {origin.past_days} days are simulated.")
    files = write_drop(simulation, "long_parquet", folder)
    if not simulation.operator_log.is_empty():
        files.append(write_operator_log(simulation, folder))
    try:
        result = ingest_drop(
            files,
            profile,
            history,
            lake.ledger(),
            lake.quarantine_folder(profile.name),
            lake.now(),
            drop_folder=folder,
            max_bytes=lake.max_drop_bytes,
        )
    except StorageError as error:
        raise TrainingError(str(error)) from None
    for file in (*result.of_state("refused"), *result.of_state("failed")):
        raise TrainingError(
            f"its simulated past was not ingested: {file.refusal.get('message') or file.message}"
        )
