"""Versions of registered models, and the aliases that say which of them answers.

Belongs here: finding versions, moving aliases, the history of champions. Doesn't belong here: publishing a
version (`registry.py`), whether to promote one (`validation.gate`).

Moving an alias is one row of MLflow's database, so that there is one champion at any moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from plant_assets.bundle.manifest import FORMAT_TAG, why_unloadable
from plant_assets.models.registry_connection import MlflowConnection, RegistryError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
PAST_CHAMPIONS = "past_champions"
"""Tag of a registered model: the versions that were champion before the present one, the newest last."""
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One version of a registered model, as training published it."""

    name: str
    version: int
    run_id: str
    source: str = ""
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str = ""

    @property
    def unloadable(self) -> str | None:
        """Why this release can't load its bundle; None where it can."""
        return why_unloadable(self.tags.get(FORMAT_TAG))


@dataclass(frozen=True, slots=True)
class ChampionMove:
    """An alias that moved: `before` is None where there was no champion."""

    name: str
    before: int | None
    after: int


class VersionedModels(MlflowConnection):
    """Registered models with their versions and aliases; takes what its connection takes."""

    def promote(self, name: str, version: int | None = None) -> ChampionMove:
        """Make a version the champion: the given one, else the challenger, else the newest.

        Raises:
            RegistryError: no such version, or one that this release can't load.
        """
        with self.lock(name):
            target, before = self._find_version(name, version), self.champion(name)
            if why := target.unloadable:
                raise RegistryError(f"{name}: version {target.version} cannot be loaded: {why}")
            if before is not None and before.version == target.version:
                self._settle_challenger(name, target)
                return ChampionMove(name, before.version, target.version)
            if before is not None:
                self._remember(name, [*self._past(name), before.version])
            self._move_champion(name, before, target)
            return ChampionMove(name, before.version if before else None, target.version)

    def rollback(self, name: str) -> ChampionMove:
        """Make the version that was champion before the present one the champion again; then that before it.

        Versions that were deleted, or that this release can't load, are passed over.

        Raises:
            RegistryError: no champion, or none before it that can answer.
        """
        with self.lock(name):
            now = self.champion(name)
            if now is None:
                raise RegistryError(f"{name}: no champion to roll back from; promote a version first")
            past = self._past(name)
            earlier = None
            while past and earlier is None:
                # A promotion that was killed notes one that is champion still.
                candidate = past.pop()
                found = self.version(name, candidate) if candidate != now.version else None
                earlier = None if found is None or found.unloadable else found
            if earlier is None:
                raise RegistryError(f"{name}: no loadable champion before version {now.version}")
            self._move_champion(name, now, earlier)
            self._remember(name, past)
            return ChampionMove(name, now.version, earlier.version)

    def challenge(self, version: PublishedVersion) -> None:
        """Mark a version as the one that waits for promotion."""
        self._set_alias(version.name, CHALLENGER, version.version)

    def champion(self, name: str) -> PublishedVersion | None:
        return self.by_alias(name, CHAMPION)

    def by_alias(self, name: str, alias: str) -> PublishedVersion | None:
        """The version behind an alias; None without such a model or alias."""
        found = self.find(lambda: self.client.get_model_version_by_alias(name, alias), ABSENT)
        return read_version(found) if found is not None else None

    def versions(self, name: str) -> list[PublishedVersion]:
        """All versions of a model, the newest first."""
        found = self.call(lambda: self.client.search_model_versions(f"name = '{name}'", max_results=1000))
        detailed = (self.version(name, int(v.version)) for v in found)
        return sorted(filter(None, detailed), key=lambda v: -v.version)

    def newest(self, name: str) -> PublishedVersion | None:
        """The version that was published last; None without such a model or version."""
        found = self.call(
            lambda: self.client.search_model_versions(
                f"name = '{name}'", max_results=1, order_by=["version_number DESC"]
            )
        )
        return read_version(found[0]) if found else None

    def newest_of(self, name: str, data_fingerprint: str) -> PublishedVersion | None:
        """The newest version that was trained on such data; None without one."""
        found = (v for v in self.versions(name) if v.tags.get("data_fingerprint") == data_fingerprint)
        return next(found, None)

    def version(self, name: str, version: int) -> PublishedVersion | None:
        found = self.find(lambda: self.client.get_model_version(name, str(version)), ABSENT)
        return read_version(found) if found is not None else None

    def _past(self, name: str) -> list[int]:
        tags = self.call(lambda: self.client.get_registered_model(name)).tags
        return [int(version) for version in tags.get(PAST_CHAMPIONS, "").split()]

    def _remember(self, name: str, past: Sequence[int]) -> None:
        text = " ".join(map(str, past[-_REMEMBERED:]))
        self.call(lambda: self.client.set_registered_model_tag(name, PAST_CHAMPIONS, text))

    def _find_version(self, name: str, version: int | None) -> PublishedVersion:
        if version is not None:
            found = self.version(name, version)
        else:
            found = self.by_alias(name, CHALLENGER) or next(iter(self.versions(name)), None)
        if found is None:
            what = "version" if version is None else f"version {version}"
            raise RegistryError(f"{name}: no {what}; materialize the model first")
        return found

    def _move_champion(self, name: str, before: PublishedVersion | None, after: PublishedVersion) -> None:
        """The move itself is the last write but for the information that follows from it."""
        self._set_alias(name, CHAMPION, after.version)
        if before is not None:
            self._set_alias(name, PREVIOUS, before.version)
        self._settle_challenger(name, after)

    def _settle_challenger(self, name: str, champion: PublishedVersion) -> None:
        """What answers no longer waits; also where a promotion was killed in between."""
        challenger = self.by_alias(name, CHALLENGER)
        if challenger is not None and challenger.version == champion.version:
            self.call(lambda: self.client.delete_registered_model_alias(name, CHALLENGER))

    def _set_alias(self, name: str, alias: str, version: int) -> None:
        self.call(lambda: self.client.set_registered_model_alias(name, alias, str(version)))


def read_version(found: "ModelVersion") -> PublishedVersion:
    """A version as MLflow answers it."""
    return PublishedVersion(
        name=found.name,
        version=int(found.version),
        run_id=str(found.run_id),
        source=str(found.source),
        aliases=tuple(found.aliases),
        tags=dict(found.tags),
    )
