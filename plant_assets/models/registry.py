"""The model registry, as a thin client of MLflow.

Belongs here: runs, versions, aliases. Doesn't belong here: whether to promote (`validation.gate`), what a
plant's models are (`spec.py`), files of a bundle (`bundle.py`).

Nothing half ever stands behind an alias: a run's artifacts are complete and the run is finished before the
version is created, and moving an alias is one row of MLflow's database.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import polars as pl
from filelock import FileLock
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from plant_assets.models.bundle import export_bundle, stamp_run
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.registry_model import write_mlflow_model
from plant_assets.models.train import TrainedModel
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import Settings, settings
from serving.bundle import Bundle, parse_manifest
from serving.manifest import Manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
PROMOTED_FROM = "promoted_from"
BUNDLE_PATH = "bundle"
OOF_FILE = "oof.parquet"
LOCKED_FOR_S = 30.0
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
EXISTS = ("RESOURCE_ALREADY_EXISTS",)

Answer = TypeVar("Answer")


class RegistryError(RuntimeError):
    """The registry can't do what was asked; says what is missing or in the way."""


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


class ModelRegistry:
    """MLflow's runs and registered models.

    Args:
        tracking_uri: database or server address of MLflow.
        artifacts: folder under which new experiments keep their artifacts; a server knows its own.
        locks: folder for the locks that order concurrent promotions on this machine.
    """

    def __init__(self, tracking_uri: str, artifacts: Path | str = "", locks: Path | None = None) -> None:
        self.tracking_uri = tracking_uri
        served = tracking_uri.startswith("http")
        self._artifacts = None if served or not artifacts else Path(artifacts)
        base = Path(artifacts).parent if artifacts else Path(tempfile.gettempdir()) / "forewarn"
        self._locks = locks or base / "locks"

    @classmethod
    def from_settings(cls, given: Settings | None = None) -> Self:
        here = given or settings()
        return cls(here.mlflow_tracking_uri, here.mlflow_artifacts)

    @cached_property
    def client(self) -> "MlflowClient":
        """The MLflow client; its first use imports MLflow (3 s) and migrates a new database."""
        # MLflow's own default asks an absent server again for four minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        from mlflow import MlflowClient

        if self.tracking_uri.startswith("sqlite:///"):
            Path(self.tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._locks.mkdir(parents=True, exist_ok=True)
        with FileLock(self._locks / "mlflow-start.lock"):
            client = MlflowClient(self.tracking_uri, self.tracking_uri)
            client.search_experiments(max_results=1)
        return client

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
        experiment = self._experiment(f"{manifest.plant}_models")
        run_id, root = self._run(experiment, manifest.model, labels, dict(params or {}), manifest.metrics)
        try:
            stamp_run(folder, run_id)
            write_mlflow_model(manifest, folder, run_id)
            self._call(lambda: self.client.log_artifacts(run_id, str(folder), BUNDLE_PATH))
            self._attach(run_id, attachments or {})
        except BaseException:
            self._call(lambda: self.client.set_terminated(run_id, "FAILED"))
            raise
        self._call(lambda: self.client.set_terminated(run_id))
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
        experiment = self._experiment(f"{plant}_validation")
        run_id, _ = self._run(experiment, "validation_report", dict(tags or {}), {}, metrics)
        self._attach(run_id, files)
        self._call(lambda: self.client.set_terminated(run_id))
        return run_id

    # Aliases

    def promote(self, name: str, version: int | None = None) -> Move:
        """Make a version the champion: the given one, else the challenger, else the newest.

        Raises:
            RegistryError: no such version.
        """
        with self._locked(name):
            target = self._wanted(name, version)
            before = self.champion(name)
            if before is not None and before.version == target.version:
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
        with self._locked(name):
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
        found = self._find(lambda: self.client.get_model_version_by_alias(name, alias), ABSENT)
        return _version(found) if found is not None else None

    def versions(self, name: str) -> list[Version]:
        """All versions of a model, the newest first."""
        found = self._call(lambda: self.client.search_model_versions(f"name = '{name}'", max_results=1000))
        detailed = (self.version(name, int(v.version)) for v in found)
        return sorted(filter(None, detailed), key=lambda v: -v.version)

    def version(self, name: str, version: int) -> Version | None:
        found = self._find(lambda: self.client.get_model_version(name, str(version)), ABSENT)
        return _version(found) if found is not None else None

    def fetch(self, version: Version, path: str, folder: Path) -> Path | None:
        """Copy one of the run's artifacts into `folder`; None where the run has no such artifact."""
        parent = path.rpartition("/")[0] or None
        listed = self._call(lambda: self.client.list_artifacts(version.run_id, parent))
        if path not in {artifact.path for artifact in listed}:
            return None
        return Path(self._call(lambda: self.client.download_artifacts(version.run_id, path, str(folder))))

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

    def _run(
        self,
        experiment: str,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, object],
        metrics: Mapping[str, float],
    ) -> tuple[str, str]:
        import math
        import time

        from mlflow.entities import Metric, Param, RunTag

        run = self._call(lambda: self.client.create_run(experiment, run_name=name, tags=dict(tags)))
        run_id, now = run.info.run_id, int(time.time() * 1000)
        rows = [Metric(key, float(value), now, 0) for key, value in metrics.items() if math.isfinite(value)]
        texts = [Param(key, str(value)[:6000]) for key, value in params.items()]
        self._call(
            lambda: self.client.log_batch(run_id, rows, texts, [RunTag(k, v) for k, v in tags.items()])
        )
        return run_id, str(run.info.artifact_uri)

    def _attach(self, run_id: str, attachments: Mapping[str, Path]) -> None:
        for name, path in attachments.items():
            if path.is_dir():
                self._call(lambda p=path, n=name: self.client.log_artifacts(run_id, str(p), n))
            else:
                self._call(lambda p=path: self.client.log_artifact(run_id, str(p)))

    def _register(self, manifest: Manifest, run_id: str, source: str, tags: Mapping[str, str]) -> Version:
        name = manifest.registry_name
        self._find(lambda: self.client.create_registered_model(name, description=manifest.title), EXISTS)
        made = self._call(
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
        challenger = self.by_alias(name, CHALLENGER)
        if challenger is not None and challenger.version == after.version:
            self._call(lambda: self.client.delete_registered_model_alias(name, CHALLENGER))

    def _set_alias(self, name: str, alias: str, version: int) -> None:
        self._call(lambda: self.client.set_registered_model_alias(name, alias, str(version)))

    def _tag(self, version: Version, key: str, value: str) -> None:
        self._call(lambda: self.client.set_model_version_tag(version.name, str(version.version), key, value))

    def _experiment(self, name: str) -> str:
        found = self._call(lambda: self.client.get_experiment_by_name(name))
        if found is None:
            place = None if self._artifacts is None else (self._artifacts / name).as_uri()
            made = self._find(lambda: self.client.create_experiment(name, place), EXISTS)
            return made or self._experiment(name)
        if found.lifecycle_stage == "deleted":
            self._call(lambda: self.client.restore_experiment(found.experiment_id))
        return found.experiment_id

    def _locked(self, name: str) -> FileLock:
        self._locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self._locks / f"{name}.lock", timeout=LOCKED_FOR_S)

    def _find(self, ask: Callable[[], Answer], missing: tuple[str, ...]) -> Answer | None:
        """Ask MLflow; None where it answers one of the error codes in `missing`."""
        try:
            return self._call(ask)
        except RegistryError as error:
            if getattr(error.__cause__, "error_code", "") in missing:
                return None
            raise

    def _call(self, ask: Callable[[], Answer]) -> Answer:
        """Ask MLflow, again while its database is locked or its server is busy.

        Raises:
            RegistryError: in one sentence, with MLflow's own words.
        """
        from mlflow.exceptions import MlflowException

        waits = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_after_delay(LOCKED_FOR_S),
            reraise=True,
        )
        try:
            return waits(ask)
        except MlflowException as error:
            raise RegistryError(_explain(error, self.tracking_uri)) from error


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "error_code", "") == "TEMPORARILY_UNAVAILABLE" or "database is locked" in str(error)


def _explain(error: Exception, uri: str) -> str:
    place = uri.rpartition("@")[2]
    if _is_busy(error):
        return f"MLflow's database ({place}) stayed locked for {LOCKED_FOR_S:.0f} s; try again when its writer is done"
    return f"MLflow ({place}): {str(error).strip().splitlines()[0]}"


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
