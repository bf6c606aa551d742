"""`forewarn promote|rollback|models`: which model version is serving."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from plant_assets.cli import home, registered
from plant_assets.cli.console import fail, known_plant
from plant_assets.models.announcement import tell_inference
from plant_assets.models.registry_connection import RegistryError
from plant_assets.models.registry_versions import ChampionMove
from plant_assets.models.spec import model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings, read_settings

Plant = Annotated[str, typer.Option(help="the plant")]


def promote(
    plant: Plant,
    version: Annotated[int | None, typer.Option(help="by default the challenger, else the newest")] = None,
) -> None:
    """Promote a version of the plant's main model; it is serving within seconds."""
    settings, profile = _entered(plant)
    try:
        _tell(registered.promote(settings, profile, version))
    except RegistryError as error:
        fail(str(error))


def rollback(plant: Plant) -> None:
    """Roll back to the previous champion."""
    settings, profile = _entered(plant)
    try:
        _tell(registered.rollback(settings, profile))
    except RegistryError as error:
        fail(str(error))


def list_models(plant: Plant) -> None:
    """Show a plant's registered models with their newest version and aliases."""
    settings, profile = _entered(plant)
    specs = model_specs(profile)
    table = Table("model", "versions", "champion", "challenger")
    try:
        found = registered.summaries(settings, [spec.registry_name(profile) for spec in specs])
    except RegistryError as error:
        fail(str(error))
    for spec, model in zip(specs, found, strict=True):
        versions = "none" if model.newest is None else f"1 to {model.newest}"
        behind = (str(model.aliases.get(alias, "")) for alias in ("champion", "challenger"))
        table.add_row(spec.name, versions, *behind)
    Console().print(table)


def _entered(plant: str) -> tuple[PipelineSettings, PlantProfile]:
    settings = read_settings()
    home.enter(settings)
    return settings, known_plant(plant, settings)


def _tell(move: ChampionMove) -> None:
    came_from = f" (before: version {move.before})" if move.before else ""
    Console().print(f"{move.name}: version {move.after} is champion{came_from}")
    Console().print(tell_inference(read_settings().inference_address), soft_wrap=True)
