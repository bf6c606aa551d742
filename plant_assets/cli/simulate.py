"""`forewarn simulate`: write a drop of simulated records."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from plant_assets.cli.console import fail, known_plant, system_message
from plant_assets.settings import read_settings
from plant_assets.simulation.drops import LAYOUTS, write_drop, write_events, write_operator_log
from plant_assets.simulation.simulate import simulate as run_simulation


def simulate(  # noqa: PLR0917 - the options of a command
    folder: Annotated[Path, typer.Argument(help="folder for the drop")],
    plant: Annotated[str, typer.Option(help="the plant to simulate")] = "demo",
    days: Annotated[int, typer.Option(min=1, max=3650)] = 28,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    start: Annotated[datetime, typer.Option(help="start time, UTC")] = datetime(2024, 1, 1),
    layout: Annotated[str, typer.Option(help=f"one of {', '.join(LAYOUTS)}")] = LAYOUTS[0],
    anomaly_rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=0.5, help="share of rows within injected anomalies; by default the profile's"
        ),
    ] = None,
    events: Annotated[Path | None, typer.Option(help="CSV file for the simulated events")] = None,
) -> None:
    """Simulate a plant and write its records and, where there is one, its operators' log as a drop."""
    if layout not in LAYOUTS:
        fail(f"no layout {layout!r}; expected one of {', '.join(LAYOUTS)}")
    profile = known_plant(plant, read_settings())
    if folder.is_file():
        fail(f"{folder}: expected a folder")
    if (datetime.max - start).days <= days:
        fail(f"--start {start:%Y-%m-%d}, --days {days}: expected days that end within the year 9999")
    try:
        simulation = run_simulation(profile, start.replace(tzinfo=UTC), days, seed, anomaly_rate=anomaly_rate)
        written = write_drop(simulation, layout, folder)
        if profile.labels.alarm_rules or not simulation.operator_log.is_empty():
            written.append(write_operator_log(simulation, folder))
        if events is not None:
            write_events(simulation, events)
    except ValueError as error:  # more rows than a sheet can hold
        fail(str(error))
    except OSError as error:
        fail(system_message(error))
    Console().print(
        f"{simulation.records.height:,} records in {len(written)} file(s) under {escape(str(folder))}"
    )
