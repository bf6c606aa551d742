"""Puts a drafted plant into the folder of plants, and shows what was drafted.

Belongs here: files and tables of a new plant, for `forewarn plant new` and `forewarn import`. Doesn't belong here: what
is drafted (`plant_assets.draft`).
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl
from deltalake.exceptions import DeltaError
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from plant_assets.bundle.atomic_file import atomic_write
from plant_assets.cli.console import first_names
from plant_assets.cli.reload import NoDagsterError, ReloadError, reload_definitions
from plant_assets.draft.draft import PlantDraft
from plant_assets.draft.drafted import DraftedTag
from plant_assets.features.rules import check_rules_of
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.profile.durations import format_duration
from plant_assets.profile.load import ProfileError, check_registry_prefix, read_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import band_text
from plant_assets.settings import PipelineSettings

_NAME = re.compile(r"[a-z][a-z0-9_]{0,38}")


class NewPlantError(ValueError):
    """A plant that can't be made; the text says what was expected."""


def check_name(settings: PipelineSettings, name: str, *, force: bool | None = None) -> None:
    """Whether a plant of this name can be made. `force` is None where a command has no --force.

    Raises:
        NewPlantError: no name of a plant, or there is one already.
    """
    if not _NAME.fullmatch(name):
        raise NewPlantError(
            f"{name!r} is not a valid plant name: expected lower case letters, digits and underscores, "
            "a letter first, at most 39 characters"
        )
    if (settings.defs / f"{name}.py").exists():
        raise NewPlantError(f"{name!r} is a module in the folder of plants; expected another name")
    if (settings.defs / name).exists() and not force:
        way_out = "" if force is None else ", or --force to replace it"
        raise NewPlantError(
            f"plant {name!r} exists already ({settings.defs / name}); expected a new name{way_out}"
        )


def check_zone(timezone: str) -> None:
    """Whether this is a time zone.

    Raises:
        NewPlantError: it isn't.
    """
    if timezone not in available_timezones():
        raise NewPlantError(f"--timezone {timezone}: expected an IANA time zone such as Europe/Berlin")


@contextmanager
def write_plant(settings: PipelineSettings, draft: PlantDraft) -> Iterator[Path]:
    """The plant's `defs.yaml` and its drop folder in their places; taken away again if anything is raised inside.

    The file that it replaces is kept beside it as `defs.yaml.before`.

    Raises:
        NewPlantError: the plant doesn't check, as its registry prefix is another's, a file stands in a folder's place,
            or a former plant of this name has left a history of other tags.
        OSError: it can't be written.
    """
    path = settings.defs / draft.profile.name / "defs.yaml"
    _check_history(settings, draft.profile)
    with ExitStack() as undo:
        for folder in (path.parent, settings.drop / draft.profile.name):
            if not folder.exists():
                folder.mkdir(parents=True)
                undo.callback(_remove_empty, folder)
            elif not folder.is_dir():
                raise NewPlantError(f"{folder}: File exists; expected a folder, or nothing")
        former = path.read_bytes() if path.is_file() else None
        undo.callback(_restore, path, former)
        with atomic_write(path) as file:
            file.write(draft.text.encode())
        _check(path)
        yield path
        if former is not None:
            path.with_name("defs.yaml.before").write_bytes(former)
        undo.pop_all()


def _check_history(settings: PipelineSettings, profile: PlantProfile) -> None:
    history = PlantHistory(settings.lake_root, profile.name)
    try:
        known = history.scan().select(pl.col("tag").unique()).collect()["tag"].to_list()
    except DeltaError as error:
        raise NewPlantError(f"{history.url}: the history is unreadable ({error})") from None
    if strange := sorted(set(known) - set(profile.columns)):
        raise NewPlantError(
            f"a former plant {profile.name!r} has a history with {first_names(strange)}, which the draft lacks ({history.url}); move it away, or give the plant another name"
        )


def _restore(path: Path, former: bytes | None) -> None:
    if former is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(former)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # somebody put a file there meanwhile
        folder.rmdir()


def _check(path: Path) -> None:
    try:
        profile = read_profile(path)
        check_rules_of(profile, path)
        check_registry_prefix(profile, path)
    except ProfileError as error:
        raise NewPlantError(str(error)) from None


def show(draft: PlantDraft, console: Console) -> None:
    """A table of the tags with what was flagged, and what was left out."""
    table = Table(Column("tag", overflow="fold"), "unit", "range", "normal", "controller", "remarks")
    for tag in draft.tags:
        table.add_row(*map(escape, _row(tag)))
    console.print(table)
    if left := {**draft.exports.unnamed, **draft.ignored}:
        reasons = [f"{title} ({why})" for title, why in left.items()]
        console.print(f"Not read: {escape(first_names(reasons))}.", soft_wrap=True)
    interval = format_duration(draft.profile.sampling.interval)
    console.print(f"A row every {interval}: {escape(draft.timing.why)}.", soft_wrap=True)


def _row(tag: DraftedTag) -> tuple[str, ...]:
    series, bands = tag.series, tag.bands
    loop = f"{series.loop.controller} {series.loop.role.upper()}" if series.loop else ""
    flags = "; ".join((*bands.flags, *(() if bands.used else ("no features",))))
    return series.name, series.unit or "?", band_text(bands.range), band_text(bands.normal), loop, flags


def announce(settings: PipelineSettings, console: Console) -> None:
    """Ask Dagster for the plants' definitions; say so where it can't be asked, which is no failure."""
    try:
        reloaded = reload_definitions(settings)
    except NoDagsterError as error:
        console.print(escape(str(error)), soft_wrap=True)
    except ReloadError as error:
        console.print(f"[yellow]Dagster did not reload the plants:[/] {escape(str(error))}", soft_wrap=True)
    else:
        console.print(f"Dagster has loaded {', '.join(reloaded.plants)}.", soft_wrap=True)
        for name in reloaded.faulty:
            console.print(
                f"[yellow]{escape(name)} is excluded:[/] see `forewarn plant check {escape(name)}`",
                soft_wrap=True,
            )
