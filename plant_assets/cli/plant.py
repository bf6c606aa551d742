"""`forewarn plant …`: look at and check plant profiles."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from plant_assets.cli.console import fail
from plant_assets.features.rules import RuleError, check_rules
from plant_assets.profile.load import ProfileError, check_registry_prefix, load_profile, plant_names
from plant_assets.settings import settings

app = typer.Typer(no_args_is_help=True, help="Plant profiles.")


@app.command("list")
def list_plants() -> None:
    """List the plants."""
    folder = settings().defs
    table = Table("plant", "title", "tags", "models", "data")
    for name in plant_names(folder):
        try:
            profile = load_profile(name, folder)
        except ProfileError:
            table.add_row(name, "[red]faulty profile: forewarn plant check[/]")
            continue
        data = "simulated" if profile.simulated else "real"
        table.add_row(name, profile.title, str(len(profile.tags)), str(len(profile.models)), data)
    Console().print(table)


@app.command()
def check(name: Annotated[str | None, typer.Argument(help="plant; all of them without one")] = None) -> None:
    """Check profiles; each fault is told with its line."""
    folder, faults = settings().defs, []
    names = [name] if name else plant_names(folder)
    for plant in names:
        path = folder / plant / "defs.yaml"
        try:
            profile = load_profile(plant, folder)
            check_registry_prefix(profile, path)
            check_rules(profile)
        except ProfileError as error:
            faults.append(str(error))
        except RuleError as error:
            faults.append(f"{plant}/{path.name}: attributes.{error}")
    if faults:
        fail("\n".join(faults))
    Console().print(f"{', '.join(names)}: no faults")
