"""The reconcile loop: each slot serves the version that its model's alias points at in MLflow.

Belongs here: polling, the order in which versions are loaded, the swap of one reference, loading an evicted version again.
Doesn't belong here: requests (`inference/`), MLflow's interface (`registry.py`), copies (`bundle_store.py`), the memory's
limit (`cache.py`).

A request takes a slot's `current` once and answers from it, so a swap never fails a request.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from plant_assets.bundle.bundle import BundleError
from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile
from serving.inference.models.bundle_store import BundleStore
from serving.inference.models.cache import ModelCache
from serving.inference.models.slots import NO_VERSION, CachedVersion, LoadedModel, ModelSlot
from serving.inference.rows.kernel import InputError
from serving.plant_folder import PlantFolder
from serving.registry import ALIAS, RegisteredModel, RegistryClient, RegistryUnavailableError

log = logging.getLogger("serving")

RETRY_REFUSED_S = 30.0
RETRY_AWAY_S = 2.0
SHORTEST_PAUSE_S = 0.05
POLLING_SHARE = 0.1
"""Share of the time that MLflow may be busy with one process's polls; at 450 models each takes it .4 s (docs/benchmarks.md)."""
CHAMPION = "champion"


class NotLoadedError(RuntimeError):
    """A version can't be read into memory; its slot's `fault` says why."""


class ModelReconciler:
    """Keeps all models of all plants up to date with MLflow and with the folder of plants.

    The models of the plant `first` are loaded before the others'.

    Args:
        answers: the model of `first` whose answer is the plant's; empty, or one that it hasn't any more: its profile's.
    """

    def __init__(
        self,
        plants: PlantFolder,
        registry: RegistryClient,
        folder: Path,
        cache: ModelCache,
        *,
        poll_seconds: float,
        first: str,
        answers: str = "",
    ) -> None:
        self.plants = plants
        self.cache = cache
        self.profiles: dict[str, PlantProfile] = {}
        self.slots: dict[str, dict[str, ModelSlot]] = {}
        self.registry_fault = "MLflow has not been polled yet"
        self._registry = registry
        self._store = BundleStore(registry, folder)
        self._poll_seconds = poll_seconds
        self._first = first
        self._answers = answers
        self._poll_requested = asyncio.Event()
        self._polling = asyncio.Lock()
        self._reconciling = asyncio.Lock()
        self._tried_copies: set[str] = set()
        self._sync_slots()

    @property
    def all_slots(self) -> Iterator[ModelSlot]:
        """The slots of all plants."""
        return (slot for plant in self.slots.values() for slot in plant.values())

    @property
    def left_out(self) -> dict[str, str]:
        """Plants whose file was never sound → what is wrong with it."""
        return {name: fault for name, fault in self.plants.faults.items() if name not in self.slots}

    def main_slot(self, plant: str) -> ModelSlot:
        """The slot of the model whose answer is a plant's."""
        slots = self.slots[plant]
        chosen = self._answers if plant == self._first else ""
        return slots.get(chosen) or slots[self.profiles[plant].answering]

    def request_poll(self) -> None:
        """Poll the aliases now, or right after the poll in progress; many requests are one poll."""
        self._poll_requested.set()

    async def run(self) -> None:
        """Poll the aliases for ever, whatever one poll raises; versions are loaded beside it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                began = time.monotonic()
                self._poll_requested.clear()
                try:
                    await self._poll()
                except Exception as error:
                    log.exception("polling the aliases failed")
                    self._set_registry_fault(
                        f"MLflow's response is invalid ({type(error).__name__}: {error})"
                    )
                if not self._reconciling.locked():
                    tasks.create_task(self._reconcile())
                pause = self._pause(time.monotonic() - began)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._poll_requested.wait(), pause)

    def _pause(self, took: float) -> float:
        """Seconds from the end of a poll to the next one; a failed poll has cost MLflow nothing."""
        rest = 0.0 if self.registry_fault else took / POLLING_SHARE - took
        return max(self._poll_seconds - took, rest, SHORTEST_PAUSE_S)

    async def refresh(self) -> None:
        """Poll once, and load what has moved. Faults of MLflow and of bundles are kept for `/ready`."""
        await self._poll()
        await self._reconcile()

    async def load(self, slot: ModelSlot, version: CachedVersion) -> LoadedModel:
        """A version in memory; all who ask for one that isn't there wait for the same load.

        Raises:
            NotLoadedError: its copy is damaged and no other can be had, or it is no good any more.
        """
        version.used = time.monotonic()
        if version.model is not None:
            return version.model
        if version.loading is None:
            if version.used < version.retry_at:
                raise NotLoadedError
            version.loading = asyncio.create_task(self._load(slot, version))
        # A client that leaves takes nothing from the others who wait.
        model = await asyncio.shield(version.loading)
        if model is None:
            raise NotLoadedError
        return model

    # Polling

    async def _poll(self) -> None:
        async with self._polling:
            if await asyncio.to_thread(self.plants.poll):
                self._sync_slots()
            try:
                registered = await self._registry.registered_models(
                    [p.registry_prefix for p in self.profiles.values()]
                )
            except RegistryUnavailableError as error:
                self._set_registry_fault(str(error))
                await self._go_on_with_copies()
                return
            self._set_registry_fault("")
            for slot in self.all_slots:
                _set_desired(slot, registered.get(slot.registry_name))

    async def _go_on_with_copies(self) -> None:
        """While MLflow is away, serve what was served last; each slot tries it once."""
        for slot in self.all_slots:
            if slot.current is not None or slot.registry_name in self._tried_copies:
                continue
            self._tried_copies.add(slot.registry_name)
            if (noted := await asyncio.to_thread(self._store.served_last, slot)) is not None:
                aliases = {ALIAS: noted.version}
                _set_desired(slot, RegisteredModel(slot.registry_name, aliases, noted.registered_at))

    def _sync_slots(self) -> None:
        """One slot for each model of the plants as they are now; a model that stays keeps its own."""
        before = {(slot.plant, slot.registry_name): slot for slot in self.all_slots}
        self.profiles = self.plants.profiles
        self.slots = {plant: _slots_of(profile, before) for plant, profile in self.profiles.items()}
        for slot in before.values():
            for version in slot.versions:
                if version.model is not None and not self._is_current(slot, version.model):
                    self.cache.evict(version)

    def _is_current(self, slot: ModelSlot, model: LoadedModel) -> bool:
        """Whether a model has its slot, and was loaded with its plant's profile as it is now."""
        is_known = self.slots.get(slot.plant, {}).get(slot.model) is slot
        return is_known and model.plant == self.profiles[slot.plant]

    def _set_registry_fault(self, fault: str) -> None:
        if fault != self.registry_fault:
            log.log(logging.WARNING if fault else logging.INFO, "mlflow: %s", fault or "answers")
        self.registry_fault = fault

    # Reconciling

    async def _reconcile(self) -> None:
        """Bring every slot up to date, the most urgent first; a poll meanwhile may change which that is."""
        async with self._reconciling:
            while due := [slot for slot in self.all_slots if slot.desired is not None]:
                await self._load_version(min(due, key=self._urgency))

    def _urgency(self, slot: ModelSlot) -> tuple[bool, bool, bool, float]:
        """The first plant's main model, those of the others, then the rest; the most recently used first."""
        is_main = slot is self.main_slot(slot.plant)
        first = slot.plant == self._first
        return not (first and is_main), not is_main, not first, -(slot.current.used if slot.current else 0.0)

    async def _load_version(self, slot: ModelSlot) -> None:
        if slot.desired is None:
            return
        (number, registered), slot.desired, slot.loading = slot.desired, None, slot.desired[0]
        try:
            if slot.previous is not None and slot.previous.is_version(number, registered):
                self._swap(slot, slot.previous, None)
            else:
                plant, has_room = self.profiles[slot.plant], self.cache.has_room
                self._swap(slot, *await self._store.add_version(slot, plant, number, registered, has_room))
        except Exception as error:  # noqa: BLE001 whatever one version does, the other models go on
            if retry_s := _record_failure(slot, number, error):
                slot.refused = number, time.monotonic() + retry_s
        finally:
            slot.loading = None

    def _swap(self, slot: ModelSlot, version: CachedVersion, model: LoadedModel | None) -> None:
        before = slot.current
        slot.current, slot.previous = version, before
        slot.fault, slot.refused, slot.swaps = "", None, slot.swaps + 1
        log.info("%s: version %s is serving", slot.registry_name, version.version)
        if before is not None:
            version.used = before.used
        if model is not None and self._is_current(slot, model):
            self.cache.add(version, model)
        self._store.note(version)
        self._store.prune(slot)

    async def _load(self, slot: ModelSlot, version: CachedVersion) -> LoadedModel | None:
        """Read a version into memory; None where it can't be."""
        try:
            plant = self.profiles[slot.plant]
            model = await self._store.load(slot, plant, version.version, version.run_id, version.folder)
        except Exception as error:  # noqa: BLE001 those who wait are told, and later ones try again
            version.retry_at = time.monotonic() + (
                _record_failure(slot, version.version, error) or RETRY_AWAY_S
            )
            return None
        else:
            if version.retry_at:
                slot.fault, version.retry_at = "", 0.0
            if version in slot.versions and self._is_current(slot, model):
                self.cache.add(version, model)
            return model
        finally:
            version.loading = None


def model_names(profile: PlantProfile) -> list[str]:
    """The names of a plant's models; `forecaster` stands for one a horizon."""
    found: list[str] = []
    for name in profile.models:
        several = [f"{name}_{format_duration(horizon)}" for horizon in profile.horizons]
        found += several if name == "forecaster" else [name]
    return found


def _slots_of(profile: PlantProfile, before: dict[tuple[str, str], ModelSlot]) -> dict[str, ModelSlot]:
    names = {model: profile.registered_name(model) for model in model_names(profile)}
    hint = NO_VERSION
    if profile.simulated:
        hint += f", or run `forewarn train {profile.name}`; TRAIN_IF_MISSING=1 trains at startup"
    return {
        model: before.get((profile.name, name)) or ModelSlot(profile.name, model, name, hint=hint)
        for model, name in names.items()
    }


def _set_desired(slot: ModelSlot, registered: RegisteredModel | None) -> None:
    """Note the version that the alias points at, unless it is served, being loaded or refused."""
    slot.aliases = registered.aliases if registered else {}
    number = slot.aliases.get(ALIAS)
    slot.desired = None
    current = slot.current
    if registered is None or number is None or (current and current.is_version(number, registered)):
        if current is None or not current.retry_at:
            slot.fault = ""
    elif slot.loading != number and not _is_refused(slot, number):
        slot.desired = number, registered


def _is_refused(slot: ModelSlot, number: int) -> bool:
    return slot.refused is not None and slot.refused[0] == number and time.monotonic() < slot.refused[1]


def _record_failure(slot: ModelSlot, version: int, error: Exception) -> float:
    """Note why a version isn't served; seconds for which it needn't be tried again."""
    if isinstance(error, BundleError | InputError):
        slot.fault = str(error)
        log.error("%s version %s rejected: %s", slot.registry_name, version, error)
        return RETRY_REFUSED_S
    if isinstance(error, RegistryUnavailableError | OSError):
        slot.fault = f"version {version} cannot be copied: {error}"
        log.warning("%s: %s", slot.registry_name, slot.fault)
        return 0.0
    slot.fault = f"version {version} cannot be loaded ({type(error).__name__}: {error})"
    log.error("%s: %s", slot.registry_name, slot.fault, exc_info=error)
    return RETRY_REFUSED_S
