"""`forewarn serve`: one service alone, in the foreground."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from plant_assets.cli import home
from plant_assets.cli.services import served
from plant_assets.cli.up import refuse_taken_ports
from plant_assets.profile.load import plant_names
from plant_assets.profile.variables import variable
from plant_assets.settings import settings


class Name(StrEnum):
    """What can run alone."""

    INFERENCE = "inference"
    GATEWAY = "gateway"
    SENSORS = "sensors"


def serve(
    name: Annotated[Name, typer.Argument(help="which service")],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="instead of FOREWARN_PORT_…")] = None,
    host: Annotated[str | None, typer.Option(help="instead of FOREWARN_HOST")] = None,
) -> None:
    """Run one service until Ctrl-C; `make up` runs all of them."""
    given = {f"port_{name}": port, "host": host}
    changed = {field: value for field, value in given.items() if value is not None}
    here = settings().model_copy(update=changed)
    service = served(here)[name]
    refuse_taken_ports(here, [service])
    home.prepare(here, plant_names(here.defs))
    options = {variable(field): str(value) for field, value in changed.items()}
    environment = {**os.environ, **home.environment(here), **service.environment, **options}
    # The service takes this process's place, so that signals reach it and its status is the command's.
    os.execve(service.command[0], service.command, environment)
