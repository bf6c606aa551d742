"""`forewarn drop FILE --plant NAME`: put exports into the drop folder, and follow their ingest."""

import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from filecmp import cmp
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from plant_assets.cli import home, supervision
from plant_assets.cli.console import fail, known_plant, step_progress
from plant_assets.ingest.folder.ledger import DropLedger, LedgerEntry
from plant_assets.ingest.folder.listing import FoundFile, look_at
from plant_assets.ingest.storage import StorageError
from plant_assets.settings import PipelineSettings, read_settings

PATIENCE_HELP = "how long to wait while nothing goes on; a run that has started is waited for"
_OPEN = ("seen", "settled", "requested")
_REFUSED = ("refused", "failed")


def drop(
    files: Annotated[list[Path], typer.Argument(help="exports; several files form one drop")],
    plant: Annotated[str, typer.Option(help="the plant they belong to")],
    follow: Annotated[bool, typer.Option(help="wait, and show the run's steps")] = True,
    force: Annotated[
        bool, typer.Option("--force", help="ingest files again that were ingested before")
    ] = False,
    patience_s: Annotated[int, typer.Option(help=PATIENCE_HELP)] = 900,
) -> None:
    """Drop exports for a plant and follow the run that ingests them."""
    settings, console = read_settings(), Console()
    known_plant(plant, settings)
    if folders := [str(f) for f in files if f.is_dir()]:
        fail(f"{', '.join(folders)}: a folder; expected files, such as those in it")
    if missing := [str(f) for f in files if not f.is_file()]:
        fail(f"no such file: {', '.join(missing)}")
    _refuse_to_overwrite(settings, files, plant)
    targets = [place(file, settings.drop / plant) for file in files]
    if force:
        _force(settings, plant, targets)
    console.print(f"Dropped {escape(', '.join(t.name for t in targets))} for {plant}.")
    if follow:
        follow_if_running(settings, plant, targets, console, patience_s)


def _refuse_to_overwrite(settings: PipelineSettings, files: list[Path], plant: str) -> None:
    """Refuse to overwrite a file of the same name that isn't ingested yet."""
    if twice := [name for name, count in Counter(f.name for f in files).items() if count > 1]:
        fail(f"several files are called {', '.join(twice)}; expected different names")
    targets = [settings.drop / plant / file.name for file in files]
    there = [t for t, f in zip(targets, files, strict=True) if t.is_file() and not cmp(t, f, shallow=False)]
    if not there:
        return
    try:
        entries = DropLedger(settings.state_url).entries(plant)
    except StorageError as error:
        fail(str(error))
    done = {_identity(e) for e in entries if e.state not in _OPEN}
    waiting = [t.name for t in there if _identity(look_at(t)) not in done]
    if waiting:
        fail(
            f"{', '.join(waiting)} in {settings.drop / plant} is not ingested yet; wait, or drop under another name"
        )


def _force(settings: PipelineSettings, plant: str, targets: list[Path]) -> None:
    """Mark these files to be ingested even if their content was ingested before."""
    ledger, now = DropLedger(settings.state_url), datetime.now(UTC)
    try:
        for target in targets:
            ledger.force(plant, look_at(target), now)
    except StorageError as error:
        fail(str(error))


def place(file: Path, folder: Path) -> Path:
    """Copy a file into the drop folder; the sensor sees it only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    if target.resolve() == file.resolve():
        return target
    unfinished = folder / f".{file.name}.part"
    shutil.copyfile(file, unfinished)
    return unfinished.replace(target)


def follow_if_running(
    settings: PipelineSettings, plant: str, targets: list[Path], console: Console, patience_s: int
) -> None:
    """As `follow_drop`; where the platform isn't running, says that the drop waits for it."""
    try:
        supervision.states(settings)
        home.enter(settings)
        follow_drop(settings, plant, targets, console, patience_s)
    except supervision.NotRunningError:
        console.print("The platform isn't running; the drop is ingested once it is (`make up`).")
    except StorageError as error:
        fail(str(error))


def follow_drop(
    settings: PipelineSettings, plant: str, targets: list[Path], console: Console, patience_s: int
) -> None:
    """Show the drop's progress: settled, the run and its steps, then the result of each file.

    Fails when a file was refused or given up, its run failed, or nothing went on for `patience_s`.
    """
    placed = [look_at(target) for target in targets]
    from plant_assets.cli.follow import ProgressWatch, follow_run  # Dagster takes two seconds to import

    ledger, watch = DropLedger(settings.state_url), ProgressWatch(patience_s)
    followed: dict[str, str | None] = {}
    with step_progress(console) as progress:
        settling = progress.add_task("waiting for the files to settle", total=1)
        while True:
            entries = _entries_of(ledger, plant, placed)
            runs = {e.run_id for e in entries if e.run_id and not e.duplicate_of} - followed.keys()
            for run_id in runs:
                progress.update(settling, completed=1)
                followed[run_id] = follow_run(run_id, progress, patience_s)
            if runs:
                continue
            waiting = _waiting(entries)
            if len(entries) == len(targets) and not waiting:
                break
            if said := "; ".join(f"{e.path.name}: {e.message}" for e in waiting if e.message):
                progress.update(settling, description=escape(said))
            watch.note([(entry.path, entry.state, entry.message, entry.attempt) for entry in entries])
            if watch.is_over:
                fail(
                    f"not ingested, and nothing went on for {patience_s} s; see `forewarn logs` and the Dagster page"
                )
            time.sleep(0.3)
        untaken = not followed and any(e.state in _REFUSED for e in entries)
        progress.update(settling, completed=1, failed=untaken)
    _tell(entries, console)
    if why := "; ".join(filter(None, followed.values())):
        fail(f"ingested, but its run {why}")


def _waiting(entries: list[LedgerEntry]) -> list[LedgerEntry]:
    """Those of which it isn't told yet what becomes of them."""
    return [entry for entry in entries if entry.state in _OPEN and not entry.duplicate_of]


def _entries_of(ledger: DropLedger, plant: str, placed: list[FoundFile]) -> list[LedgerEntry]:
    """What the ledger knows of the files as they were placed; not of earlier ones of the same names."""
    known = {_identity(entry): entry for entry in ledger.entries(plant)}
    return [known[_identity(found)] for found in placed if _identity(found) in known]


def _identity(file: FoundFile | LedgerEntry) -> tuple[Path, int, int]:
    return file.path, file.size, file.mtime_ns


def _tell(entries: list[LedgerEntry], console: Console) -> None:
    bad = [e for e in entries if e.state in _REFUSED]
    for entry in entries:
        if entry in bad:
            continue
        what = entry.message if entry.duplicate_of else f"{entry.state} {entry.message}".rstrip()
        console.print(escape(f"{entry.path.name}: {what}"), soft_wrap=True)
    if bad:
        fail("\n".join(f"{e.path.name} was {e.state}: {e.message}" for e in bad))
