"""From a prediction back to the data: version, MLflow run, Dagster run and assets, files and their rows.

Belongs here: the answer to /lineage, from what MLflow or the copy that is kept knows. Doesn't belong here: HTTP
(`routes.py`), MLflow's interface (`serving.registry`), how names of predictions are signed.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from plant_assets.bundle.bundle import BundleError, describe
from plant_assets.bundle.data_files import DataFiles
from plant_assets.bundle.manifest import BundleManifest
from serving.inference.lineage import schemas
from serving.inference.models.slots import CachedVersion, ModelSlot
from serving.inference.prediction_id import PredictionRef
from serving.registry import RegisteredVersion, RegistryClient, RegistryUnavailableError

CLOCKS_DIFFER = timedelta(minutes=5)


class LineageTracer:
    """Answers where a prediction comes from."""

    def __init__(self, registry: RegistryClient, mlflow: str, dagster: str) -> None:
        self._registry = registry
        self._mlflow = mlflow
        self._dagster = dagster

    async def trace(self, name: str, prediction: PredictionRef, slot: ModelSlot) -> schemas.LineageAnswer:
        """The lineage of a prediction.

        Raises:
            RegistryUnavailableError: MLflow doesn't respond, and the version's bundle isn't on this machine any more.
        """
        kept = _served_version(slot, prediction)
        notes: list[str] = []
        record: RegisteredVersion | None = None
        try:
            record = await self._registry.version(prediction.model, prediction.version)
        except RegistryUnavailableError as error:
            if kept is None:
                raise
            notes.append(f"{error}: from the bundle on this machine")
        if record and record.created > prediction.at + CLOCKS_DIFFER:
            notes.append("the registry was recreated: this version did not make the prediction")
            record, kept = None, None
        elif record is None and not notes:
            notes.append(f"version {prediction.version} was deleted in MLflow")
        manifest, files = await self._content(prediction, record, kept, notes)
        return schemas.LineageAnswer(
            prediction_id=name,
            plant=slot.plant,
            prediction=schemas.LineagePrediction(
                at=prediction.at, model=prediction.model, version=prediction.version
            ),
            model_version=self._version(prediction, record, slot, manifest, kept),
            mlflow_run=self._mlflow_run(record, kept),
            dagster_run=self._dagster_run(record, manifest),
            data=_data(manifest, files),
            notes=notes,
        )

    async def _content(
        self,
        prediction: PredictionRef,
        record: RegisteredVersion | None,
        kept: CachedVersion | None,
        notes: list[str],
    ) -> tuple[BundleManifest | None, DataFiles | None]:
        """The version's manifest and data files, from the copy that is kept where there is one."""
        try:
            if kept is not None:
                return await asyncio.to_thread(describe, kept.folder)
            if record is None:
                return None, None
            return await self._registry.description(prediction.model, prediction.version)
        except BundleError as error:
            notes.append(str(error))
        return None, None

    def _version(
        self,
        prediction: PredictionRef,
        record: RegisteredVersion | None,
        slot: ModelSlot,
        manifest: BundleManifest | None,
        kept: CachedVersion | None,
    ) -> schemas.LineageVersion:
        name, version = prediction.model, prediction.version
        return schemas.LineageVersion(
            name=name,
            version=version,
            aliases=sorted(alias for alias, pointed in slot.aliases.items() if pointed == version),
            answers_now=kept is not None and slot.current is kept,
            registered=record.created if record else None,
            algorithm=manifest.builder if manifest else None,
            trained=manifest.created if manifest else None,
            page=f"{self._mlflow}/#/models/{quote(name)}/versions/{version}",
        )

    def _mlflow_run(
        self, record: RegisteredVersion | None, kept: CachedVersion | None
    ) -> schemas.LineageRun | None:
        run = record.run_id if record else kept.run_id if kept else ""
        return schemas.LineageRun(run_id=run, page=f"{self._mlflow}/#/runs/{quote(run)}") if run else None

    def _dagster_run(
        self, record: RegisteredVersion | None, manifest: BundleManifest | None
    ) -> schemas.LineageDagsterRun | None:
        lineage = manifest.lineage if manifest else None
        run = (lineage.dagster_run if lineage else "") or (record.dagster_run if record else "")
        if not run:
            return None
        assets = lineage.dagster_assets if lineage else ()
        return schemas.LineageDagsterRun(
            run_id=run,
            page=f"{self._dagster}/runs/{quote(run)}",
            assets=[
                schemas.LineageAsset(key=key, page=f"{self._dagster}/assets/{quote(key)}") for key in assets
            ],
        )


def _served_version(slot: ModelSlot, prediction: PredictionRef) -> CachedVersion | None:
    """The version that answered, if it still is here."""
    for kept in slot.versions:
        if kept.version != prediction.version:
            continue
        # A registry made anew counts from 1 again: what was registered later can't have answered.
        registered = datetime.fromtimestamp(kept.registered_at / 1000, UTC)
        if registered <= prediction.at + CLOCKS_DIFFER:
            return kept
    return None


def _data(manifest: BundleManifest | None, files: DataFiles | None) -> schemas.LineageData | None:
    if manifest is None:
        return None
    lineage = manifest.lineage
    return schemas.LineageData(
        fingerprint=lineage.data_fingerprint,
        rows=lineage.rows,
        first=lineage.first,
        last=lineage.last,
        files=list(files.files) if files else None,
        further_files=files.further_files if files else None,
        further_records=files.further_records if files else None,
    )
