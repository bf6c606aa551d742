"""The `forewarn` command. Commands live beside this file, one file a subject."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperGroup

from plant_assets.cli.console import fail
from plant_assets.profile.load import ProfileError
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import read_settings

if TYPE_CHECKING:
    from typer._click import Command

_COMMANDS = {
    "up": "up.up",
    "down": "up.down",
    "ps": "up.ps",
    "logs": "up.logs",
    "serve": "serve.serve",
    "read": "read.read",
    "drop": "drop.drop",
    "import": "imports.import_folder",
    "export": "export.export",
    "promote": "models.promote",
    "rollback": "models.rollback",
    "models": "models.list_models",
    "simulate": "simulate.simulate",
    "train": "train.train",
    "load": "load.load",
    "plant": "plant.app",
    "user": "user.app",
    "mqtt": "mqtt.app",
    "token": "token.app",
    "stream": "stream.app",
    "replay": "replay.replay",
}
"""Each command → its file, and what stands for it there."""


class ImportedCommands(Mapping[str, "Command"]):
    """The commands by name; one is imported when it is asked for, since each reads files that others have no need of."""

    def __getitem__(self, name: str) -> "Command":
        file, attribute = _COMMANDS[name].split(".")
        found = getattr(import_module(f"plant_assets.cli.{file}"), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False)
            found.command(name)(function)
        command = typer.main.get_command(found)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class CommandGroup(TyperGroup):
    """What `forewarn` alone stands for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast("MutableMapping[str, Command]", ImportedCommands())


app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Early warning for process plants.",
)


@app.callback()
def _check_settings() -> None:
    try:
        read_settings()
    except (SettingsError, ProfileError) as error:
        fail(str(error))
