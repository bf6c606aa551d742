"""Copies of bundles on this machine's disk: downloaded from MLflow, checked, read into memory.

Belongs here: where a copy lies, and that what is read is what was asked for. Doesn't belong here: which version is served
(`reconciler.py`), which ones stay in memory (`cache.py`).
"""

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from plant_assets.bundle.bundle import Bundle, BundleError, read_manifest
from plant_assets.bundle.manifest import BundleManifest
from plant_assets.profile.model import PlantProfile
from serving.inference.models.cache import bytes_of
from serving.inference.models.insight import ModelInsight
from serving.inference.models.slots import CachedVersion, LoadedModel, ModelSlot, VersionFacts
from serving.inference.rows.inputs import ModelInputs
from serving.registry import RegisteredModel, RegistryClient, RegistryUnavailableError

AT_ONCE = 2
"""Loads beside each other: one that follows an alias never keeps one that a request waits for from beginning."""
log = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class NotedVersion:
    """The version of a registered model that was served last.

    Attributes:
        registered_at: when the registered model was made, as MLflow tells it.
    """

    version: int
    run_id: str
    registered_at: int


class BundleStore:
    """The bundles of all plants' models; their copies lie in one folder a registered model."""

    def __init__(self, registry: RegistryClient, folder: Path) -> None:
        self._registry = registry
        self._folder = folder
        self._loads = asyncio.Semaphore(AT_ONCE)

    async def add_version(
        self,
        slot: ModelSlot,
        plant: PlantProfile,
        version: int,
        registered: RegisteredModel,
        has_room: Callable[[int], bool],
    ) -> tuple[CachedVersion, LoadedModel | None]:
        """A version that lies on the disk, and in memory unless its copy was there already and there is no room.

        Raises:
            BundleError, InputError: it is no good.
            RegistryUnavailableError, OSError: it can't be copied.
        """
        run_id = await self._run_of(slot, version)
        folder = self._folder / slot.registry_name / f"{version}-{run_id}"
        size = await asyncio.to_thread(_stored_bytes, folder)
        model = None
        manifest = None if size is None or has_room(size) else await _stored_manifest(slot, version, folder)
        if manifest is None:
            model = await self.load(slot, plant, version, run_id, folder)
            manifest = model.bundle.manifest
            size = await asyncio.to_thread(bytes_of, folder)
        facts = VersionFacts.of(manifest)
        return CachedVersion(
            slot.registry_name, version, run_id, registered.created, folder, size or 0, facts
        ), model

    async def load(
        self, slot: ModelSlot, plant: PlantProfile, version: int, run_id: str, folder: Path
    ) -> LoadedModel:
        """A version from the copy that is here, else from MLflow; a copy at fault is replaced.

        Raises:
            BundleError, InputError: it is no good.
            RegistryUnavailableError, OSError: it can't be copied.
        """
        async with self._loads:
            bundle, inputs = await self._load_bundle(slot.registry_name, plant, version, folder)
        _check_owner(bundle.manifest, slot, version)
        return LoadedModel(
            slot.registry_name, version, run_id, bundle, inputs, ModelInsight(bundle, plant), plant
        )

    async def _load_bundle(
        self, name: str, plant: PlantProfile, version: int, folder: Path
    ) -> tuple[Bundle, ModelInputs]:
        if folder.is_dir():
            try:
                return await asyncio.to_thread(_load_warm, folder, plant)
            except BundleError as error:
                log.warning("%s: replacing the local copy: %s", name, error)
        await self._registry.download(name, version, folder)
        return await asyncio.to_thread(_load_warm, folder, plant)

    async def _run_of(self, slot: ModelSlot, version: int) -> str:
        """The MLflow run that made a version; as it was noted here where MLflow is away."""
        try:
            record = await self._registry.version(slot.registry_name, version)
        except RegistryUnavailableError:
            noted = await asyncio.to_thread(self.served_last, slot)
            if noted is None or noted.version != version:
                raise
            return noted.run_id
        if record is None:
            raise BundleError(
                f"{slot.registry_name} has no version {version}; the alias refers to a deleted version"
            )
        return record.run_id

    def note(self, version: CachedVersion) -> None:
        """Note which version is served, so that a start without MLflow goes on with it."""
        noted = NotedVersion(version.version, version.run_id, version.registered_at)
        path = self._note_path(version.registry_name)
        draft = path.with_name(f"{path.name}-{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(asdict(noted)), "utf-8")
            draft.replace(path)
        except OSError as error:
            log.warning("%s: can't note the version that is serving: %s", version.registry_name, error)

    def served_last(self, slot: ModelSlot) -> "NotedVersion | None":
        """The version that was served last, if its copy is here."""
        try:
            kept = json.loads(self._note_path(slot.registry_name).read_text("utf-8"))
            noted = NotedVersion(int(kept["version"]), str(kept["run_id"]), int(kept["registered_at"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        copy = self._folder / slot.registry_name / f"{noted.version}-{noted.run_id}"
        return noted if copy.is_dir() else None

    def _note_path(self, registry_name: str) -> Path:
        return self._folder / ".served" / f"{registry_name}.json"

    def prune(self, slot: ModelSlot) -> None:
        """Delete the copies of all versions but the one that is served and the one before it."""
        kept = {version.folder.name for version in slot.versions}
        for folder in (self._folder / slot.registry_name).glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _stored_bytes(folder: Path) -> int | None:
    return bytes_of(folder) if folder.is_dir() else None


async def _stored_manifest(slot: ModelSlot, version: int, folder: Path) -> BundleManifest | None:
    """The manifest of a copy, None where it is damaged. It was checked at its download, and will be at its load."""
    try:
        manifest = await asyncio.to_thread(read_manifest, folder)
    except BundleError:
        return None
    _check_owner(manifest, slot, version)
    return manifest


def _check_owner(manifest: BundleManifest, slot: ModelSlot, version: int) -> None:
    if manifest.plant != slot.plant or manifest.model != slot.model:
        raise BundleError(
            f"{slot.registry_name} version {version} holds {manifest.model} of plant {manifest.plant}; "
            f"expected {slot.model} of {slot.plant}"
        )


def _load_warm(folder: Path, plant: PlantProfile) -> tuple[Bundle, ModelInputs]:
    """Load a bundle, hold it against its reference rows, and compute its inputs once."""
    bundle = Bundle.load(folder)
    inputs = ModelInputs(bundle.manifest, plant)
    inputs.warm()
    return bundle, inputs
