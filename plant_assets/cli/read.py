"""`forewarn read FILE…`: what files mean, without taking anything in."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from plant_assets.cli import reading
from plant_assets.cli.console import fail, first_names, print_whole, system_message
from plant_assets.cli.new_plant import NewPlantError, check_zone
from plant_assets.draft.preview import FilePreview, preview_file
from plant_assets.profile.load import ProfileError, load_profile
from plant_assets.profile.options import ReadingOptions
from plant_assets.settings import read_settings

_COUNTS = ("records", "bad", "uncertain", "missing", "dropped")


def read(  # noqa: PLR0917 - a command's options
    files: Annotated[list[Path], typer.Argument(help="exports and operator logs")],
    plant: Annotated[
        str, typer.Option(help="read as a drop of this plant; by default as a draft would")
    ] = "",
    timezone: Annotated[str, typer.Option(help="zone of times without an offset, without a plant")] = "UTC",
    names: reading.Names = "",
    header: reading.Header = "",
    decimal: reading.Decimal = "",
    quality: reading.Quality = "",
    step: reading.Step = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON: an object, or a list for several files")
    ] = False,
) -> None:
    """Tell what files mean and take nothing in; the exit status is 1 if one would be refused."""
    settings, console = read_settings(), Console()
    told = reading.told_reading(names, header, decimal, quality, step)
    if plant and told != ReadingOptions():
        fail(f"--plant {plant}: what its exports mean stands under `reading` in its profile")
    try:
        profile = load_profile(plant, settings.defs) if plant else None
        check_zone(timezone)
        previews = [
            preview_file(
                file, profile, timezone=timezone, reading=told, max_bytes=settings.max_drop_mb * 2**20
            )
            for file in files
        ]
    except (ProfileError, NewPlantError) as error:
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
    if as_json:
        answers = [preview.as_dict() for preview in previews]
        typer.echo(json.dumps(answers[0] if len(answers) == 1 else answers, ensure_ascii=False, indent=2))
    else:
        for preview in previews:
            _show(preview, console)
    if any(preview.refusal for preview in previews):
        raise typer.Exit(1)


def _show(preview: FilePreview, console: Console) -> None:
    if preview.refusal is not None:
        console.print(
            f"[red]{escape(preview.file)} would be refused:[/] {escape(str(preview.refusal))}", soft_wrap=True
        )
        return
    report = preview.report
    console.print(escape(f"{preview.file}: {_kind(preview)}"), soft_wrap=True)
    if report.per_tag:
        numbers = [Column(name, justify="right") for name in (*_COUNTS, "min", "max")]
        table = Table("tag", *numbers, "first", "last")
        for tag, read_of in report.per_tag.items():
            counts = [f"{getattr(read_of, name):,}" for name in _COUNTS]
            ends = ["" if end is None else f"{end:.6g}" for end in (read_of.min, read_of.max)]
            table.add_row(escape(tag), *counts, *ends, _minute(read_of.first), _minute(read_of.last))
        print_whole(table, console)
    lines = [*report.notes, *(f"Guessed: {guess}" for guess in report.guesses)]
    if report.labels:
        lines.append(f"Columns of labels: {first_names(report.labels)}.")
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True)


def _kind(preview: FilePreview) -> str:
    report = preview.report
    span = (
        f"{_minute(report.start)} to {_minute(report.end)} UTC" if report.start and report.end else "no times"
    )
    if report.layout == "periods":
        return f"an operator log of {report.counts.get('periods', 0)} periods, {span}"
    layout = {"wide": "a column a tag", "long": "a row a value", "per_tag": "times for each tag"}[
        report.layout
    ]
    form = ", ".join(filter(None, (report.format, report.encoding, layout)))
    return f"{report.counts.get('records', 0):,} records of {len(report.tags)} tags, {span} ({form})"


def _minute(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else ""
