"""`forewarn plant …`: draft, list, check and reload plant profiles."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plant_assets.cli import reading
from plant_assets.cli.connect import try_sources
from plant_assets.cli.console import fail, system_message
from plant_assets.cli.new_plant import NewPlantError, announce, check_name, check_zone, show, write_plant
from plant_assets.cli.reload import ReloadError, reload_definitions
from plant_assets.cli.site_draft import SiteOptions, check_interval, check_security, describe_site, find_site
from plant_assets.draft.draft import draft_plant
from plant_assets.draft.live import draft_live
from plant_assets.features.rules import check_rules_of
from plant_assets.ingest.errors import FileRefusal
from plant_assets.profile.load import ProfileError, check_registry_prefix, load_profile, plant_names
from plant_assets.settings import read_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Plant profiles.")


@app.command("list")
def list_plants() -> None:
    """List the plants."""
    folder = _folder()
    table = Table("plant", "title", "tags", "models", "data")
    for name in plant_names(folder):
        try:
            profile = load_profile(name, folder)
        except ProfileError:
            table.add_row(escape(name), "[red]faulty profile: forewarn plant check[/]")
            continue
        data = "simulated" if profile.simulated else "real"
        table.add_row(name, escape(profile.title), str(len(profile.tags)), str(len(profile.models)), data)
    Console().print(table)


@app.command()
def new(  # noqa: PLR0917 - a command's options
    name: Annotated[str, typer.Argument(help="lower case letters, digits and underscores")],
    origins: Annotated[
        list[str],
        typer.Option(
            "--from",
            help="an export (repeat --from for several), sparkplug://broker[:port]/group/edge[/device], or opc.tcp://host:port[/path]",
        ),
    ],
    title: Annotated[str, typer.Option(help="display name of the plant")] = "",
    timezone: Annotated[str, typer.Option(help="time zone of times without an offset")] = "UTC",
    names: reading.Names = "",
    header: reading.Header = "",
    decimal: reading.Decimal = "",
    quality: reading.Quality = "",
    step: reading.Step = "",
    interval: Annotated[str, typer.Option(help="of a running site: interval of the plant's rows")] = "1m",
    wait: Annotated[
        float, typer.Option(min=0.1, max=600, help="of sparkplug://: seconds to wait for the births")
    ] = 10,
    user: Annotated[
        str,
        typer.Option(help="of opc.tcp://: user; the password is in NAME.password in FOREWARN_OPCUA_FILES"),
    ] = "",
    security: Annotated[
        str, typer.Option(help="of opc.tcp://: security policy, such as basic256sha256_encrypt")
    ] = "none",
    root: Annotated[
        str, typer.Option(help="of opc.tcp://: node id below which variables are looked for")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="replace a plant of this name")] = False,
) -> None:
    """Draft a plant from exports or from a running site; comments in its YAML explain each number."""
    settings, console, needs = read_settings(), Console(), ""
    try:
        check_name(settings, name, force=force)
        check_zone(timezone)
        if site := find_site(origins):
            told = SiteOptions(user, check_security(security), root, wait)
            rows = check_interval(interval)
            described = describe_site(site, name, told)
            needs = described.needs
            draft = draft_live(name, described, rows, title=title, timezone=timezone)
        else:
            draft = draft_plant(
                name,
                [Path(origin) for origin in origins],
                title=title,
                timezone=timezone,
                reading=reading.told_reading(names, header, decimal, quality, step),
                max_bytes=settings.max_drop_mb * 2**20,
            )
        with write_plant(settings, draft) as path:
            pass
    except (FileRefusal, NewPlantError) as error:
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
    show(draft, console)
    console.print(f"Drafted {escape(str(path))}.", soft_wrap=True)
    announce(settings, console)
    if site:
        steps = [*([needs] if needs else []), f"forewarn plant check {name} --connect"]
        console.print(f"Next: {escape(', then '.join(steps))}", soft_wrap=True)
        return
    for files in _drops([Path(origin) for origin in origins]):
        command = shlex.join(["forewarn", "drop", *map(str, files), "--plant", name])
        console.print(f"Next: {escape(command)}", soft_wrap=True)


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="plant; by default all")] = None,
    connect: Annotated[
        bool, typer.Option("--connect", help="also try the sources of the plants' live readings")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0.1, max=600, help="of --connect: seconds to wait for a value of a source")
    ] = 10,
) -> None:
    """Check profiles; each fault is reported with its line, and those of sources with their place in the profile."""
    folder, console = _folder(), Console()
    names = [name] if name else plant_names(folder)
    if faults := _faults(names):
        fail("\n".join(faults))
    if not names:
        fail(f"{folder}: no plants; `forewarn plant new` drafts one")
    if connect:
        profiles = [load_profile(plant, folder) for plant in names]
        if faults := [fault for profile in profiles for fault in try_sources(profile, wait, console)]:
            fail("\n".join(faults))
    console.print(f"{escape(', '.join(names))}: no faults")


@app.command("reload")
def reload_plants() -> None:
    """Make a running Dagster reload all plants after an edit; faulty ones are left out and reported."""
    settings = read_settings()
    try:
        reloaded = reload_definitions(settings)
    except ReloadError as error:
        fail(str(error))
    Console().print(f"Dagster has loaded {', '.join(reloaded.plants) or 'no plant'}.", soft_wrap=True)
    if reloaded.faulty:
        faults = _faults(list(reloaded.faulty)) or ["corrected since it was loaded; reload again"]
        fail("\n".join([f"excluded: {', '.join(reloaded.faulty)}", *faults]))


def _folder() -> Path:
    """The folder of plants; the command ends with an error if there is none."""
    folder = read_settings().defs
    if not folder.is_dir():
        fail(f"FOREWARN_DEFS: expected a folder of plants, got {folder}")
    return folder


def _drops(exports: list[Path]) -> list[list[Path]]:
    """One drop of all exports, or one for each where two have the same name, which a drop folder can't hold."""
    files = list(dict.fromkeys(exports))
    return [files] if len({file.name for file in files}) == len(files) else [[file] for file in files]


def _faults(names: list[str]) -> list[str]:
    folder, faults = read_settings().defs, []
    for plant in names:
        path = folder / plant / "defs.yaml"
        try:
            profile = load_profile(plant, folder)
        except ProfileError as error:
            faults.append(str(error))
            continue
        for check_part in (check_registry_prefix, check_rules_of):
            try:
                check_part(profile, path)
            except ProfileError as error:
                faults.append(str(error))
    return faults
