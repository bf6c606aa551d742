"""The model registry, as a thin client of MLflow.

Belongs here: runs, versions, aliases. Doesn't belong here: whether to promote (`validation.gate`), what a
plant's models are (`spec.py`), files of a bundle (`bundle.py`).

Nothing half ever stands behind an alias: a run's artifacts are complete and the run is finished before the
version is created, and moving an alias is one row of MLflow's database.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from plant_assets.models.bundle import export_bundle, stamp_run
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.registry_connection import EXISTS, MlflowConnection, RegistryError
from plant_assets.models.registry_model import write_mlflow_model
from plant_assets.models.train import TrainedModel
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import Settings, settings
from serving.bundle import Bundle, parse_manifest
from serving.manifest import Manifest

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
PROMOTED_FROM = "promoted_from"
BUNDLE_PATH = "bundle"
OOF_FILE = "oof.parquet"
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a registered model."""

    name: str
    version: int
    run_id: str
    source: str = ""
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """An alias that moved: `before` is None where there was no champion."""

    name: str
    before: int | None
    after: int


class ModelRegistry(MlflowConnection):
    """MLflow's runs and registered models.

    Args:
        tracking_uri: database or server address of MLflow.
        artifacts: folder under which new experiments keep their artifacts; a server knows its own.
        locks: folder for the locks that order concurrent promotions on this machine.
    """

    @classmethod
    def from_settings(cls, given: Settings | None = None) -> Self:
        here = given or settings()
        return cls(here.mlflow_tracking_uri, here.mlflow_artifacts)

    # Publishing

    def log(
        self,
        trained: TrainedModel,
        inputs: TrainingInputs,
        profile: PlantProfile,
        *,
        dagster_run_id: str = "",
        attachments: Mapping[str, Path] | None = None,
    ) -> Version:
        """Publish a trained model as a new version, behind no alias yet.

        Its run holds params, metrics, the serving bundle (`bundle/`, which is an MLflow model too) and the
        out-of-fold table (`oof.parquet`).

        Args:
            trained: the model.
            inputs: what it was trained on; the export must answer alike on every row.
            profile: its plant.
            dagster_run_id: the run that trained it.
            attachments: further artifacts, name → file or folder.

        Raises:
            ParityError: the exported model answers otherwise; nothing was published.
            RegistryError: MLflow can't be reached, or stays locked.
        """
        with tempfile.TemporaryDirectory(prefix="forewarn-") as scratch:
            folder, oof = Path(scratch) / BUNDLE_PATH, Path(scratch) / OOF_FILE
            export_bundle(trained, inputs, profile, folder, dagster_run=dagster_run_id)
            trained.oof.write_parquet(oof)
            return self.log_bundle(
                folder, params=trained.params, attachments={OOF_FILE: oof, **(attachments or {})}
            )

    def log_bundle(
        self,
        folder: Path,
        *,
        params: Mapping[str, object] | None = None,
        attachments: Mapping[str, Path] | None = None,
    ) -> Version:
        """Publish a bundle folder as a new version, behind no alias yet; `log` for what lies in a folder.

        Raises:
            BundleError: the folder is no sound bundle.
            RegistryError: MLflow can't be reached, or stays locked.
        """
        manifest = Bundle.load(folder).manifest
        labels = _tags(manifest)
        experiment = self.experiment(f"{manifest.plant}_models")
        run_id, root = self.run(experiment, manifest.model, labels, dict(params or {}), manifest.metrics)
        try:
            stamp_run(folder, run_id)
            write_mlflow_model(manifest, folder, run_id)
            self.call(lambda: self.client.log_artifacts(run_id, str(folder), BUNDLE_PATH))
            self.attach(run_id, attachments or {})
        except BaseException:
            self.call(lambda: self.client.set_terminated(run_id, "FAILED"))
            raise
        self.call(lambda: self.client.set_terminated(run_id))
        made = self._register(manifest, run_id, f"{root}/{BUNDLE_PATH}", labels)
        return replace(made, experiment_id=experiment)

    def log_report(
        self,
        plant: str,
        files: Mapping[str, Path],
        metrics: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep a validation report in the experiment `<plant>_validation`; answers the run's id."""
        experiment = self.experiment(f"{plant}_validation")
        run_id, _ = self.run(experiment, "validation_report", dict(tags or {}), {}, metrics)
        self.attach(run_id, files)
        self.call(lambda: self.client.set_terminated(run_id))
        return run_id

    # Aliases

    def promote(self, name: str, version: int | None = None) -> Move:
        """Make a version the champion: the given one, else the challenger, else the newest.

        Raises:
            RegistryError: no such version.
        """
        with self.locked(name):
            target = self._wanted(name, version)
            before = self.champion(name)
            if before is not None and before.version == target.version:
                self._settle_challenger(name, target)
                return Move(name, before.version, target.version)
            if before is not None:
                self._tag(target, PROMOTED_FROM, str(before.version))
            self._move_champion(name, before, target)
            return Move(name, before.version if before else None, target.version)

    def rollback(self, name: str) -> Move:
        """Make the champion's predecessor the champion again.

        Raises:
            RegistryError: no champion, or it is the first one.
        """
        with self.locked(name):
            now = self.champion(name)
            if now is None:
                raise RegistryError(f"{name}: no champion to roll back from; promote a version first")
            earlier = now.tags.get(PROMOTED_FROM)
            if earlier is None:
                raise RegistryError(
                    f"{name}: version {now.version} is the first champion; there is none before it"
                )
            self._move_champion(name, now, self._wanted(name, int(earlier)))
            return Move(name, now.version, int(earlier))

    def challenge(self, version: Version) -> None:
        """Mark a version as the one that waits for promotion."""
        self._set_alias(version.name, CHALLENGER, version.version)

    # Reading

    def champion(self, name: str) -> Version | None:
        return self.by_alias(name, CHAMPION)

    def by_alias(self, name: str, alias: str) -> Version | None:
        """The version behind an alias; None without such a model or alias."""
        found = self.find(lambda: self.client.get_model_version_by_alias(name, alias), ABSENT)
        return _version(found) if found is not None else None

    def versions(self, name: str) -> list[Version]:
        """All versions of a model, the newest first."""
        found = self.call(lambda: self.client.search_model_versions(f"name = '{name}'", max_results=1000))
        detailed = (self.version(name, int(v.version)) for v in found)
        return sorted(filter(None, detailed), key=lambda v: -v.version)

    def version(self, name: str, version: int) -> Version | None:
        found = self.find(lambda: self.client.get_model_version(name, str(version)), ABSENT)
        return _version(found) if found is not None else None

    def fetch(self, version: Version, path: str, folder: Path) -> Path | None:
        """Copy one of the run's artifacts into `folder`; None where the run has no such artifact."""
        parent = path.rpartition("/")[0] or None
        listed = self.call(lambda: self.client.list_artifacts(version.run_id, parent))
        if path not in {artifact.path for artifact in listed}:
            return None
        return Path(self.call(lambda: self.client.download_artifacts(version.run_id, path, str(folder))))

    def oof(self, version: Version) -> pl.DataFrame | None:
        """The out-of-fold table that a version was published with; None where its run holds none."""
        with tempfile.TemporaryDirectory(prefix="forewarn-") as scratch:
            found = self.fetch(version, OOF_FILE, Path(scratch))
            return None if found is None else pl.read_parquet(found)

    def manifest(self, version: Version, folder: Path) -> Manifest:
        """The manifest of a published bundle; `folder` takes the copy."""
        found = self.fetch(version, f"{BUNDLE_PATH}/bundle.json", folder)
        if found is None:
            raise RegistryError(
                f"{version.name} version {version.version}: its run holds no {BUNDLE_PATH}/bundle.json"
            )
        return parse_manifest(found.read_bytes(), version.name)

    # Inside

    def _register(self, manifest: Manifest, run_id: str, source: str, tags: Mapping[str, str]) -> Version:
        name = manifest.registry_name
        self.find(lambda: self.client.create_registered_model(name, description=manifest.title), EXISTS)
        made = self.call(
            lambda: self.client.create_model_version(
                name, source, run_id, tags=dict(tags), description=manifest.title
            )
        )
        return _version(made)

    def _wanted(self, name: str, version: int | None) -> Version:
        if version is not None:
            found = self.version(name, version)
        else:
            found = self.by_alias(name, CHALLENGER) or next(iter(self.versions(name)), None)
        if found is None:
            what = "version" if version is None else f"version {version}"
            raise RegistryError(f"{name}: no {what}; materialize the model first")
        return found

    def _move_champion(self, name: str, before: Version | None, after: Version) -> None:
        """The move itself is the last write but for the information that follows from it."""
        self._set_alias(name, CHAMPION, after.version)
        if before is not None:
            self._set_alias(name, PREVIOUS, before.version)
        self._settle_challenger(name, after)

    def _settle_challenger(self, name: str, champion: Version) -> None:
        """What answers no longer waits; also where a promotion was killed in between."""
        challenger = self.by_alias(name, CHALLENGER)
        if challenger is not None and challenger.version == champion.version:
            self.call(lambda: self.client.delete_registered_model_alias(name, CHALLENGER))

    def _set_alias(self, name: str, alias: str, version: int) -> None:
        self.call(lambda: self.client.set_registered_model_alias(name, alias, str(version)))

    def _tag(self, version: Version, key: str, value: str) -> None:
        self.call(lambda: self.client.set_model_version_tag(version.name, str(version.version), key, value))


def _tags(manifest: Manifest) -> dict[str, str]:
    found = {
        "plant": manifest.plant,
        "model": manifest.model,
        "task": manifest.task,
        "builder": manifest.builder,
        "learning_mode": manifest.learning_mode,
        "data_fingerprint": manifest.lineage.data_fingerprint,
        "dagster_run": manifest.lineage.dagster_run,
        "parity_max_difference": f"{manifest.parity.max_difference:.3g}",
    }
    return {key: value for key, value in found.items() if value}


def _version(found: "ModelVersion") -> Version:
    return Version(
        name=found.name,
        version=int(found.version),
        run_id=str(found.run_id),
        source=str(found.source),
        aliases=tuple(found.aliases),
        tags=dict(found.tags),
    )
