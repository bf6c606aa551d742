"""`forewarn promote|rollback|models`: which model version is serving."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from plant_assets.cli import home
from plant_assets.cli.console import fail, known_plant
from plant_assets.models import promotion
from plant_assets.models.announcement import tell_inference
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_connection import RegistryError
from plant_assets.models.registry_versions import ChampionMove
from plant_assets.models.spec import model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings

Plant = Annotated[str, typer.Option(help="the plant")]


def promote(
    plant: Plant,
    version: Annotated[int | None, typer.Option(help="by default the challenger, else the newest")] = None,
) -> None:
    """Promote a version of the plant's main model; it is serving within seconds."""
    _profile(plant)
    try:
        _tell(promotion.promote(plant, version))
    except RegistryError as error:
        fail(str(error))


def rollback(plant: Plant) -> None:
    """Roll back to the previous champion."""
    _profile(plant)
    try:
        _tell(promotion.rollback(plant))
    except RegistryError as error:
        fail(str(error))


def list_models(plant: Plant) -> None:
    """Show a plant's registered models with their newest version and aliases."""
    profile, registry = _profile(plant), ModelRegistry.from_settings()
    table = Table("model", "versions", "champion", "challenger")
    try:
        for spec in model_specs(profile):
            versions = registry.versions(spec.registry_name(profile))
            behind = {alias: str(v.version) for v in versions for alias in v.aliases}
            newest = f"1 to {versions[0].version}" if versions else "none"
            table.add_row(spec.name, newest, behind.get("champion", ""), behind.get("challenger", ""))
    except RegistryError as error:
        fail(str(error))
    Console().print(table)


def _profile(plant: str) -> PlantProfile:
    settings = read_settings()
    home.enter(settings)
    return known_plant(plant, settings)


def _tell(move: ChampionMove) -> None:
    came_from = f" (before: version {move.before})" if move.before else ""
    Console().print(f"{move.name}: version {move.after} is champion{came_from}")
    Console().print(tell_inference(read_settings().inference_address), soft_wrap=True)
