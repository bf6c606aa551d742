"""The model registry, as a thin client of MLflow.

Belongs here: publishing and fetching. Doesn't belong here: aliases (`registry_versions.py`), what a plant's
models are (`spec.py`), files of a bundle (`bundle.py`).

Nothing half ever stands behind an alias: a run's artifacts are complete and the run is finished before the
version is created.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import polars as pl

from plant_assets.bundle.bundle import ARRAYS_FILE, Bundle, BundleError, parse_manifest
from plant_assets.bundle.manifest import FORMAT_TAG, BundleManifest
from plant_assets.models.export import export_bundle, stamp_run
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.main_figures import main_figures, sort_figures
from plant_assets.models.registry_connection import EXISTS, RegistryError, RunStatus, UsedDataset
from plant_assets.models.registry_model import write_mlflow_model
from plant_assets.models.registry_versions import PublishedVersion, VersionedModels, read_version
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile, models_experiment
from plant_assets.settings import PipelineSettings, read_settings

BUNDLE_PATH = "bundle"
OOF_FILE = "oof.parquet"
CALIBRATION_TAG = "calibration"
"""Tag of a version: how its scores become probabilities, `platt` or `isotonic`; absent where they don't."""
DAGSTER_RUN = "dagster_run"
"""Tag of an MLflow run: the Dagster run that it belongs to."""
DAGSTER_PAGE = "dagster_page"
"""Tag of an MLflow run: the page of that run."""


class ModelRegistry(VersionedModels):
    """MLflow's runs and registered models; takes what its connection takes."""

    @classmethod
    def from_settings(cls, given: PipelineSettings | None = None) -> Self:
        here = given or read_settings()
        return cls(here.mlflow_tracking_uri, here.mlflow_artifacts)

    # Publishing

    def log(
        self,
        trained: TrainedModel,
        inputs: TrainingInputs,
        profile: PlantProfile,
        *,
        dagster_run_id: str = "",
        dagster_assets: Sequence[str] = (),
        dataset: UsedDataset | None = None,
        dagster_page: str = "",
        parent_run: str = "",
    ) -> PublishedVersion:
        """Publish a trained model as a new version, behind no alias yet.

        Its run holds params, metrics, the serving bundle (`bundle/`, which is an MLflow model too) and the
        out-of-fold table (`oof.parquet`). Takes what `export_bundle` takes.

        Raises:
            ParityError: the exported model answers otherwise; nothing was published.
            RegistryError: MLflow can't be reached, or stays locked.
        """
        with tempfile.TemporaryDirectory(prefix="forewarn-") as scratch:
            folder, oof = Path(scratch) / BUNDLE_PATH, Path(scratch) / OOF_FILE
            export_bundle(
                trained,
                inputs,
                profile,
                folder,
                dagster_run=dagster_run_id,
                dagster_assets=dagster_assets,
            )
            trained.oof.write_parquet(oof)
            return self.log_bundle(
                folder,
                params=trained.params,
                attachments={OOF_FILE: oof},
                notes=trained.notes,
                dataset=dataset,
                dagster_page=dagster_page,
                parent_run=parent_run,
            )

    def log_bundle(
        self,
        folder: Path,
        *,
        params: Mapping[str, object] | None = None,
        attachments: Mapping[str, Path] | None = None,
        notes: Sequence[str] = (),
        dataset: UsedDataset | None = None,
        dagster_page: str = "",
        parent_run: str = "",
    ) -> PublishedVersion:
        """Publish a bundle folder as a new version, behind no alias yet; `log` for what lies in a folder.

        `notes` are sentences for the run's description; `dataset` is what it was trained on; `dagster_page` is
        the page of its Dagster run, `parent_run` the MLflow run that its own is nested under.

        Raises:
            BundleError: the folder is no sound bundle.
            RegistryError: MLflow can't be reached, or stays locked.
        """
        manifest = Bundle.load(folder).manifest
        labels = _tags(manifest)
        page = {DAGSTER_PAGE: dagster_page} if dagster_page else {}
        experiment = self.experiment(models_experiment(manifest.plant))
        with self.run(
            experiment,
            manifest.model,
            labels | page,
            params or {},
            sort_figures(manifest.metrics),
            description=_description(manifest, notes, dagster_page),
            dataset=dataset,
            parent=parent_run,
        ) as (run_id, root):
            stamp_run(folder, run_id)
            write_mlflow_model(manifest, folder, run_id)
            self.attach(run_id, {BUNDLE_PATH: folder, **(attachments or {})})
        made = self._register(manifest, run_id, f"{root}/{BUNDLE_PATH}", labels)
        return replace(made, experiment_id=experiment)

    def log_report(
        self,
        profile: PlantProfile,
        files: Mapping[str, Path],
        metrics: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
        *,
        description: str = "",
        dataset: UsedDataset | None = None,
        parent_run: str = "",
    ) -> str:
        """Keep a validation report in the experiment of the plant's validations; answers the run's id."""
        with self.run(
            self.experiment(profile.validation_experiment),
            "validation_report",
            tags or {},
            {},
            metrics,
            description=description,
            dataset=dataset,
            parent=parent_run,
        ) as (run_id, _):
            self.attach(run_id, files)
        return run_id

    def end_abandoned(
        self, profile: PlantProfile, how_it_ended: Callable[[str], RunStatus | None]
    ) -> list[str]:
        """End what a plant's Dagster runs left running, which were killed most of the time.

        Args:
            profile: the plant's.
            how_it_ended: from a Dagster run's id to the status of what it left; None while it goes on.

        Returns:
            Ids of the runs that were ended; those without a Dagster run are left alone.
        """
        ended: list[str] = []
        for run in self.open_runs((models_experiment(profile.name), profile.validation_experiment)):
            dagster_run = run.data.tags.get(DAGSTER_RUN)
            if dagster_run and (status := how_it_ended(dagster_run)) is not None:
                self.end_run(run.info.run_id, status)
                ended.append(run.info.run_id)
        return ended

    # Reading

    def fetch(self, version: PublishedVersion, path: str, folder: Path) -> Path | None:
        """Copy one of the run's artifacts into `folder`; None where the run has no such artifact."""
        parent = path.rpartition("/")[0] or None
        listed = self.call(lambda: self.client.list_artifacts(version.run_id, parent))
        if path not in {artifact.path for artifact in listed}:
            return None
        return Path(self.call(lambda: self.client.download_artifacts(version.run_id, path, str(folder))))

    def oof(self, version: PublishedVersion) -> pl.DataFrame | None:
        """The out-of-fold table that a version was published with; None where its run holds none."""
        with tempfile.TemporaryDirectory(prefix="forewarn-") as scratch:
            found = self.fetch(version, OOF_FILE, Path(scratch))
            return None if found is None else pl.read_parquet(found)

    def manifest(self, version: PublishedVersion) -> BundleManifest:
        """The manifest of a published bundle.

        Raises:
            BundleError: of another release's format, or damaged.
            RegistryError: its run holds none.
        """
        with tempfile.TemporaryDirectory(prefix="forewarn-") as scratch:
            found = self.fetch(version, f"{BUNDLE_PATH}/bundle.json", Path(scratch))
            if found is None:
                raise RegistryError(
                    f"{version.name} version {version.version}: its run lacks {BUNDLE_PATH}/bundle.json"
                )
            return parse_manifest(found.read_bytes(), version.name)

    def readable(self, version: PublishedVersion) -> BundleManifest | None:
        """The version's manifest; None where this release can't load the bundle, which is to be trained again."""
        try:
            return self.manifest(version)
        except BundleError:
            return None

    def usable_champion(self, name: str) -> PublishedVersion | None:
        """The champion that others have to beat; None without one, or with one that can't answer."""
        champion = self.champion(name)
        return None if champion is None or self.readable(champion) is None else champion

    # Inside

    def _register(
        self, manifest: BundleManifest, run_id: str, source: str, tags: Mapping[str, str]
    ) -> PublishedVersion:
        name = manifest.registry_name
        self.find(lambda: self.client.create_registered_model(name, description=manifest.title), EXISTS)
        made = self.call(
            lambda: self.client.create_model_version(
                name, source, run_id, tags=dict(tags), description=manifest.title
            )
        )
        return read_version(made)


def _description(manifest: BundleManifest, notes: Sequence[str], dagster_page: str) -> str:
    """What MLflow's page of a run says first, in Markdown."""
    run = manifest.lineage.dagster_run
    lines = [
        f"**{manifest.title}.** {manifest.learning_mode.capitalize()} model of plant {manifest.plant}, "
        "walked forward; all figures are out of fold.",
        main_figures(manifest.metrics),
        *notes,
        *([f"{dagster_link(run, dagster_page)}."] if run else []),
    ]
    return "\n\n".join(filter(None, lines))


def dagster_link(run_id: str, page: str) -> str:
    """A Dagster run in Markdown, as a link where its page is known."""
    return f"Dagster run [`{run_id}`]({page})" if page else f"Dagster run `{run_id}`"


def _tags(manifest: BundleManifest) -> dict[str, str]:
    found = {
        "plant": manifest.plant,
        "model": manifest.model,
        "task": manifest.task,
        "builder": manifest.builder,
        "learning_mode": manifest.learning_mode,
        CALIBRATION_TAG: manifest.calibrator.kind if manifest.calibrator else "",
        "data_fingerprint": manifest.lineage.data_fingerprint,
        "config_sha256": manifest.lineage.config_sha256,
        "arrays_sha256": manifest.files[ARRAYS_FILE],
        DAGSTER_RUN: manifest.lineage.dagster_run,
        FORMAT_TAG: str(manifest.format_version),
        "parity_max_difference": f"{manifest.parity.max_difference:.3g}",
    }
    return {key: value for key, value in found.items() if value}
