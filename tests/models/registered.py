"""What tests of the registry publish, and how they are killed."""

from pathlib import Path

from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_versions import PublishedVersion

CHAMPION = "plant_alarm_champion"


class KilledError(BaseException):
    """Stands for kill -9: nothing after it happens."""


def published(registry: ModelRegistry, folder: Path) -> PublishedVersion:
    return registry.log_bundle(folder)
