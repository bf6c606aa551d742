"""`forewarn serve`: one service alone, in the foreground."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from plant_assets.cli import home
from plant_assets.cli.console import fail
from plant_assets.cli.services import single_services
from plant_assets.cli.up import refuse_taken_ports
from plant_assets.profile.load import plant_names
from plant_assets.profile.variables import variable
from plant_assets.settings import read_settings


class ServiceName(StrEnum):
    """What can run alone."""

    INFERENCE = "inference"
    GATEWAY = "gateway"
    SENSORS = "sensors"
    LIVE = "live"


def serve(
    name: Annotated[ServiceName, typer.Argument(help="which service")],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="overrides FOREWARN_PORT_…")] = None,
    host: Annotated[str | None, typer.Option(help="overrides FOREWARN_HOST")] = None,
) -> None:
    """Run one service until Ctrl-C; `make up` runs all of them."""
    given = {f"port_{name}": port, "host": host}
    changed = {field: value for field, value in given.items() if value is not None}
    settings = read_settings().model_copy(update=changed)
    service = single_services(settings)[name]
    refuse_taken_ports(settings, [service])
    try:
        home.prepare(settings, plant_names(settings.defs))
    except home.HomeError as error:
        fail(str(error))
    options = {variable(field): str(value) for field, value in changed.items()}
    environment = {**os.environ, **home.environment(settings), **service.environment, **options}
    # The service takes this process's place, so that signals reach it and its status is the command's.
    os.execve(service.command[0], service.command, environment)
