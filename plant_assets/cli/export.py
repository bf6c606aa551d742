"""`forewarn export [TABLE…]`: a plant's tables as CSV."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from plant_assets.cli.console import fail, known_plant, system_message
from plant_assets.exports.tables import TABLES, ExportError, read_table, write_csv
from plant_assets.settings import read_settings

STDOUT = Path("-")


def export(
    tables: Annotated[
        list[str] | None, typer.Argument(help=f"{', '.join(TABLES)}; by default all that there are")
    ] = None,
    plant: Annotated[str, typer.Option(help="the plant; by default the default plant")] = "",
    to: Annotated[Path, typer.Option(help="folder for the files; - prints one table")] = Path(),
) -> None:
    """Write a plant's tables as CSV: cleaned readings, the same labelled, and each model's results row by row."""
    settings = read_settings()
    name = known_plant(plant or settings.default_plant, settings).name
    asked = list(dict.fromkeys(tables or TABLES))
    if to == STDOUT and len(asked) > 1:
        fail(f"--to -: expected one table, got {', '.join(asked)}")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        found = {table: read_table(settings.lake_root, name, table) for table in asked}
        if to == STDOUT:
            write_csv(found[asked[0]], sys.stdout.buffer)
            return
        to.mkdir(parents=True, exist_ok=True)
        for table, rows in found.items():
            path = to / f"{table}.csv"
            with path.open("wb") as target:
                write_csv(rows, target)
            console.print(escape(f"{path}: {rows.height:,} rows, {rows.width} columns"))
    except ExportError as error:
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
