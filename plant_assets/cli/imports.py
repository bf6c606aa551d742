"""`forewarn import FOLDER --plant NAME`: a folder that another monitoring service was fed with becomes a plant."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from plant_assets.cli.console import fail, first_names, system_message
from plant_assets.cli.drop import PATIENCE_HELP, follow_if_running
from plant_assets.cli.new_plant import NewPlantError, announce, check_name, check_zone, show, write_plant
from plant_assets.draft.draft import PlantDraft, draft_from
from plant_assets.imports.files import Arrangement, FolderContents, find_parts, label_file
from plant_assets.imports.labels import count_outside, read_labels
from plant_assets.imports.reading import ImportedRecords, read_parts
from plant_assets.imports.writing import taken_names, write_log, write_records
from plant_assets.ingest.errors import FileRefusal
from plant_assets.settings import PipelineSettings, read_settings

_ARRANGEMENTS: tuple[Arrangement, ...] = ("components", "variables")


def import_folder(  # noqa: PLR0917 - a command's options
    folder: Annotated[Path, typer.Argument(help="files by component, or one file per variable")],
    plant: Annotated[str, typer.Option(help="name of the new plant")],
    labels: Annotated[Path | None, typer.Option(help="file with start and end times of known alarms")] = None,
    arranged: Annotated[
        str, typer.Option("--as", help="components or variables; by default inferred from the files")
    ] = "",
    title: Annotated[str, typer.Option(help="display name of the plant")] = "",
    timezone: Annotated[str, typer.Option(help="time zone of times without an offset")] = "UTC",
    follow: Annotated[bool, typer.Option(help="wait, and show the run's steps")] = True,
    patience_s: Annotated[int, typer.Option(help=PATIENCE_HELP)] = 1800,
) -> None:
    """Turn the input folder of another service into a plant and its first drop; a refusal leaves neither."""
    settings, console = read_settings(), Console()
    try:
        check_name(settings, plant)
        check_zone(timezone)
        targets = _import(settings, console, folder, plant, labels, _arrangement(arranged), title, timezone)
    except (FileRefusal, NewPlantError) as error:
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
    announce(settings, console)
    if follow:
        follow_if_running(settings, plant, targets, console, patience_s)


def _arrangement(text: str) -> Arrangement | None:
    for known in _ARRANGEMENTS:
        if text == known:
            return known
    if text:
        fail(f"--as {text}: expected {' or '.join(_ARRANGEMENTS)}")
    return None


def _import(  # noqa: PLR0917 - the command's own options
    settings: PipelineSettings,
    console: Console,
    folder: Path,
    plant: str,
    labels: Path | None,
    arrangement: Arrangement | None,
    title: str,
    timezone: str,
) -> list[Path]:
    """The plant in its place and the files of its first drop."""
    if not folder.is_dir():
        raise NewPlantError(f"{folder}: expected a folder")
    labels, drops, stem = labels or label_file(folder), settings.drop / plant, f"{plant}_import"
    if taken := taken_names(drops, stem, log=labels is not None):
        raise NewPlantError(
            f"{drops} already has {', '.join(taken)}; move it away, or give the plant another name"
        )
    most = settings.max_drop_mb * 2**20
    contents = find_parts(folder, labels, arrangement, max_bytes=most)
    periods = read_labels(labels, timezone=timezone, max_bytes=most) if labels else None
    found = read_parts(contents.parts, timezone=timezone)
    found.exports.periods, outside = 0, 0
    if labels and periods is not None:
        found.exports.periods = periods.height
        outside = count_outside(periods, found.exports.records, labels.name)
    draft = draft_from(
        plant, found.exports, title=title, timezone=timezone, process_units=found.process_units
    )
    with write_plant(settings, draft), ExitStack() as undo:
        targets = write_records(found.exports.records, drops, stem)
        for target in targets:
            undo.callback(target.unlink, missing_ok=True)
        if periods is not None:
            targets.append(write_log(periods, drops))
        undo.pop_all()
    show(draft, console)
    console.print(
        escape(f"{_summary(draft, found, contents)} Dropped {', '.join(t.name for t in targets)}."),
        soft_wrap=True,
    )
    if outside:
        console.print(
            f"[yellow]note:[/] {outside} of {draft.exports.periods} labelled periods don't overlap the data",
            soft_wrap=True,
        )
    return targets


def _summary(draft: PlantDraft, found: ImportedRecords, contents: FolderContents) -> str:
    doubled = f", {found.duplicates:,} values of equal time and tag replaced" if found.duplicates else ""
    logged = f", {draft.exports.periods} labelled periods" if draft.exports.periods else ""
    empty = f", no values in {first_names(contents.empty)}" if contents.empty else ""
    others = f", skipped {first_names(contents.others)}" if contents.others else ""
    values = f"{draft.exports.records.height:,} values of {len(draft.tags)} tags"
    return f"{found.files} files read as {contents.arrangement}: {values}{logged}{doubled}{empty}{others}."
