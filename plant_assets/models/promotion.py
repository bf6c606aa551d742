"""Which version of a plant's models answers: promotion, rollback, and what follows a training run.

Belongs here: the rules about aliases. Doesn't belong here: comparing models (`validation.gate`), MLflow
(`registry.py`).
"""

from dataclasses import dataclass
from typing import Literal

from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_versions import ChampionMove, PublishedVersion
from plant_assets.profile.load import load_profile
from plant_assets.settings import read_settings

Mode = Literal["auto", "manual"]


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """What became of a new version.

    Attributes:
        move: the champion's move; None where the version waits as challenger.
        reason: one sentence.
    """

    version: PublishedVersion
    move: ChampionMove | None
    reason: str


def release(registry: ModelRegistry, version: PublishedVersion) -> ReleaseOutcome:
    """Promote a new version of a model that no gate guards."""
    move = registry.promote(version.name, version.version)
    return ReleaseOutcome(version, move, f"{version.name} version {version.version} is serving")


def place(registry: ModelRegistry, version: PublishedVersion, *, passed: bool, mode: Mode) -> ReleaseOutcome:
    """Make a new version the challenger, and the champion where the gate and the mode allow it.

    Args:
        registry: where the version is.
        version: a new version of the champion model.
        passed: whether the promotion gate did.
        mode: `auto` follows the gate; `manual` waits for a person. A plant without a champion, or with one
            of another release's format, gets a new one at once in either mode, unless the gate says that it
            mustn't answer at all.
    """
    unopposed = registry.usable_champion(version.name) is None
    if passed and (mode == "auto" or unopposed):
        move = registry.promote(version.name, version.version)
        why = "promotion gate passed"
        if unopposed:
            why = "the first champion" if move.before is None else f"version {move.before} cannot be loaded"
        return ReleaseOutcome(version, move, f"version {version.version} is champion: {why}")
    registry.challenge(version)
    why = "promotion is manual" if passed else "promotion gate failed"
    return ReleaseOutcome(version, None, f"version {version.version} is challenger: {why}")


def promote(plant: str, version: int | None = None, registry: ModelRegistry | None = None) -> ChampionMove:
    """Make a version of a plant's answering model the champion; the challenger, else the newest by default.

    Raises:
        ProfileError: no such plant.
        RegistryError: no such version.
    """
    name = load_profile(plant, read_settings().defs).answering_name
    return (registry or ModelRegistry.from_settings()).promote(name, version)


def rollback(plant: str, registry: ModelRegistry | None = None) -> ChampionMove:
    """Make the previous champion of a plant's answering model the champion again.

    Raises:
        ProfileError: no such plant.
        RegistryError: no champion, or none before it.
    """
    name = load_profile(plant, read_settings().defs).answering_name
    return (registry or ModelRegistry.from_settings()).rollback(name)
