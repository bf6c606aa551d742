"""What `forewarn models|promote|rollback` ask of MLflow.

Belongs here: asking its server where one runs, and its database by MLflow's library (two seconds of processor time more)
where none does. Doesn't belong here: what a move of an alias means (`models.registry_versions` and its twin,
`serving.gateway.models.aliases`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx

from plant_assets.cli import supervision
from plant_assets.models import promotion
from plant_assets.models.registry_connection import RegistryError
from plant_assets.models.registry_versions import ChampionMove
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings
from serving.errors import Problem
from serving.gateway.models.aliases import ModelAliases
from serving.gateway.models.mlflow import MlflowClient
from serving.gateway.upstream import TIMEOUT
from serving.settings import read_settings

Answer = TypeVar("Answer")
SERVICE = "mlflow"


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A registered model in a line: its newest version, None without any, and the version behind each alias."""

    newest: int | None
    aliases: dict[str, int]


def promote(settings: PipelineSettings, profile: PlantProfile, version: int | None) -> ChampionMove:
    """As `promotion.promote`.

    Raises:
        RegistryError: no such version, or MLflow doesn't do it.
    """
    if (address := server_address(settings)) is None:
        return promotion.promote(profile.name, version)
    move = _ask(address, lambda mlflow: _aliases(settings, mlflow).promote(profile.answering_name, version))
    return ChampionMove(move.name, move.before, move.after)


def rollback(settings: PipelineSettings, profile: PlantProfile) -> ChampionMove:
    """As `promotion.rollback`.

    Raises:
        RegistryError: no champion before the present one, or MLflow doesn't do it.
    """
    if (address := server_address(settings)) is None:
        return promotion.rollback(profile.name)
    move = _ask(address, lambda mlflow: _aliases(settings, mlflow).rollback(profile.answering_name))
    return ChampionMove(move.name, move.before, move.after)


def summaries(settings: PipelineSettings, names: Sequence[str]) -> list[VersionSummary]:
    """Each registered model in a line, in the order of the names.

    Raises:
        RegistryError: MLflow doesn't answer.
    """
    if (address := server_address(settings)) is None:
        return _library_summaries(settings, names)

    async def ask(mlflow: MlflowClient) -> list[VersionSummary]:
        return await asyncio.gather(*(_summary(mlflow, name) for name in names))

    return _ask(address, ask)


def server_address(settings: PipelineSettings) -> str | None:
    """MLflow's server: the one of `FOREWARN_MLFLOW_URL`, else the platform's own while it runs; None without one."""
    if not settings.mlflow_elsewhere:
        try:
            running = {process.name for process in supervision.states(settings) if process.state == "RUNNING"}
        except supervision.NotRunningError:
            return None
        if SERVICE not in running:
            return None
    return read_settings().mlflow_address


def _ask(address: str, question: Callable[[MlflowClient], Awaitable[Answer]]) -> Answer:
    async def ask() -> Answer:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            return await question(MlflowClient(address, client))

    try:
        return asyncio.run(ask())
    except Problem as problem:
        raise RegistryError(problem.detail) from None


def _aliases(settings: PipelineSettings, mlflow: MlflowClient) -> ModelAliases:
    return ModelAliases(mlflow, settings.mlflow_artifacts.parent / "locks")


async def _summary(mlflow: MlflowClient, name: str) -> VersionSummary:
    model, versions = await asyncio.gather(mlflow.model(name), mlflow.versions(f"name = '{name}'"))
    aliases = {alias.alias: alias.version for alias in model.aliases} if model else {}
    return VersionSummary(versions[0].version if versions else None, aliases)


def _library_summaries(settings: PipelineSettings, names: Sequence[str]) -> list[VersionSummary]:
    from plant_assets.models.registry import ModelRegistry

    registry, found = ModelRegistry.from_settings(settings), []
    for name in names:
        versions = registry.versions(name)
        aliases = {alias: version.version for version in versions for alias in version.aliases}
        found.append(VersionSummary(versions[0].version if versions else None, aliases))
    return found
