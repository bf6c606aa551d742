"""`forewarn mqtt secrets`: the files of an MQTT broker of our own, which `forewarn up --broker` starts.

Passwords are random or asked for, and never printed: each is in a file that its user alone may read.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plant_assets.cli.console import fail, print_whole
from plant_assets.cli.mqtt_files import (
    ROLE_MEANINGS,
    ROLES,
    Role,
    broker_folder,
    password_path,
    write_broker_files,
)
from plant_assets.profile.load import ProfileError, load_profile, plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings, read_settings

LEAST_CHARACTERS = 12

app = typer.Typer(no_args_is_help=True, add_completion=False, help="An MQTT broker beside the platform.")


@app.callback()
def mqtt() -> None:
    """An MQTT broker beside the platform."""


@app.command("secrets")
def write_secrets(
    folder: Annotated[
        Path | None, typer.Option(help="where the files are written; default: mqtt in FOREWARN_HOME")
    ] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="ask for each password")] = False,
) -> None:
    """Write users, passwords, access rules and Mosquitto's configuration; passwords that are there stay."""
    settings = read_settings()
    target = (folder or broker_folder(settings)).expanduser().resolve()
    chosen: dict[Role, str] = {role: _ask(role) for role in ROLES} if prompt else {}
    new = write_files(target, settings, chosen)
    table = Table("user", "what for", "password in", "")
    for role in ROLES:
        state = "new" if role in new else "unchanged"
        table.add_row(role, ROLE_MEANINGS[role], escape(str(password_path(target, role))), state)
    console = Console()
    print_whole(table, console)
    console.print(f"mosquitto -c {target}/mosquitto.conf", highlight=False, markup=False, soft_wrap=True)


def write_files(
    target: Path, settings: PipelineSettings, chosen: dict[Role, str] | None = None
) -> list[Role]:
    """Write the broker's files; what can't be written ends the command."""
    if any(not c.isprintable() for c in str(target)):
        fail(f"--folder: {str(target)!r}: expected a path without control characters")
    try:
        return write_broker_files(target, settings, _profiles(settings), chosen)
    except OSError as error:
        fail(f"{error.filename or target}: {error.strerror}; expected a folder that can be written")


def _ask(role: Role) -> str:
    given = typer.prompt(f"Password of {role}", hide_input=True, confirmation_prompt=True)
    if len(given) < LEAST_CHARACTERS or not given.isprintable():
        fail(f"password of {role}: expected at least {LEAST_CHARACTERS} printable characters")
    return given


def _profiles(settings: PipelineSettings) -> list[PlantProfile]:
    """The plants whose files are sound: those at fault are told elsewhere."""
    found = []
    for name in plant_names(settings.defs):
        try:
            found.append(load_profile(name, settings.defs))
        except ProfileError as error:
            Console(stderr=True).print(f"left out: {escape(str(error))}", soft_wrap=True)
    return found
