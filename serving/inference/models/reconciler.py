"""The models that answer: which version of each, and their swap when an alias moves.

Belongs here: polling, the order in which versions are taken up, the swap of one reference, bringing a version back into
memory. Doesn't belong here: requests (`inference/`), MLflow's interface (`registry.py`), copies (`bundle_store.py`), the
memory's bound (`cache.py`).

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
from serving.inference.models.bundle_store import Copies
from serving.inference.models.cache import Shelf
from serving.inference.models.slots import NO_VERSION, Kept, LoadedModel, Slot
from serving.inference.rows.kernel import InputError
from serving.plant_folder import PlantFolder
from serving.registry import ALIAS, Entry, RegistryClient, RegistryUnavailableError

log = logging.getLogger("serving")

RETRY_REFUSED_S = 30.0
RETRY_AWAY_S = 2.0
SHORTEST_PAUSE_S = 0.05
LOOKING_SHARE = 0.1
"""Part of the time that MLflow may be busy with one process's looks; at 450 models each takes it .4 s (docs/benchmarks.md)."""
CHAMPION = "champion"


class NotLoadedError(RuntimeError):
    """A version that answers can't be read into memory; why stands in its slot's `fault`."""


class Champions:
    """All models of all plants, kept up to date with MLflow and with the folder of plants.

    Args:
        plants: the plants.
        registry: where aliases and bundles come from.
        folder: where bundles are copied to.
        shelf: the memory that models may take.
        poll_seconds: how often aliases and the folder of plants are looked at.
        first: the plant whose models are taken up before the others'.
    """

    def __init__(
        self,
        plants: PlantFolder,
        registry: RegistryClient,
        folder: Path,
        shelf: Shelf,
        *,
        poll_seconds: float,
        first: str,
    ) -> None:
        self.plants = plants
        self.shelf = shelf
        self.profiles: dict[str, PlantProfile] = {}
        self.slots: dict[str, dict[str, Slot]] = {}
        self.registry_fault = "MLflow hasn't been asked yet"
        self._registry = registry
        self._copies = Copies(registry, folder)
        self._poll_seconds = poll_seconds
        self._first = first
        self._wished = asyncio.Event()
        self._looking = asyncio.Lock()
        self._following = asyncio.Lock()
        self._place()

    @property
    def every(self) -> Iterator[Slot]:
        """The places of all plants' models."""
        return (slot for plant in self.slots.values() for slot in plant.values())

    @property
    def left_out(self) -> dict[str, str]:
        """Plants whose file was never sound → what is wrong with it."""
        return {name: fault for name, fault in self.plants.faults.items() if name not in self.slots}

    def look_soon(self) -> None:
        """Look at the aliases now, or right after the look that is going on; many wishes are one look."""
        self._wished.set()

    async def run(self) -> None:
        """Look at the aliases for ever, whatever comes of one look; what moved is taken up beside it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                began = time.monotonic()
                self._wished.clear()
                try:
                    await self._look()
                except Exception as error:
                    log.exception("looking at the aliases failed")
                    self._note_registry(f"MLflow's answer can't be used ({type(error).__name__}: {error})")
                if not self._following.locked():
                    tasks.create_task(self._take_up())
                pause = self._pause(time.monotonic() - began)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wished.wait(), pause)

    def _pause(self, took: float) -> float:
        """Seconds from the end of a look to the next one; a look that failed has cost MLflow nothing."""
        rest = 0.0 if self.registry_fault else took / LOOKING_SHARE - took
        return max(self._poll_seconds - took, rest, SHORTEST_PAUSE_S)

    async def refresh(self) -> None:
        """Look once, and take up what has moved. Faults of MLflow and of bundles are kept for `/ready`."""
        await self._look()
        await self._take_up()

    async def loaded(self, slot: Slot, kept: Kept) -> LoadedModel:
        """A version in memory; all who ask for one that isn't there wait for the same load.

        Raises:
            NotLoadedError: its copy is damaged and no other can be had, or it is no good any more.
        """
        kept.used = time.monotonic()
        if kept.loaded is not None:
            return kept.loaded
        if kept.loading is None:
            if kept.used < kept.retry_at:
                raise NotLoadedError
            kept.loading = asyncio.create_task(self._bring(slot, kept))
        # A client that leaves takes nothing from the others who wait.
        found = await asyncio.shield(kept.loading)
        if found is None:
            raise NotLoadedError
        return found

    # Looking

    async def _look(self) -> None:
        async with self._looking:
            if await asyncio.to_thread(self.plants.look):
                self._place()
            try:
                entries = await self._registry.entries([p.registry_prefix for p in self.profiles.values()])
            except RegistryUnavailableError as error:
                self._note_registry(str(error))
                return
            self._note_registry("")
            for slot in self.every:
                _compare(slot, entries.get(slot.registry_name))

    def _place(self) -> None:
        """Places for the models of the plants as they are now; what stays keeps its own."""
        before = {(slot.plant, slot.registry_name): slot for slot in self.every}
        self.profiles = self.plants.profiles
        self.slots = {plant: _slots_of(profile, before) for plant, profile in self.profiles.items()}
        for slot in before.values():
            for kept in slot.kept:
                if kept.loaded is not None and not self._is_of_now(slot, kept.loaded):
                    self.shelf.drop(kept)

    def _has(self, slot: Slot) -> bool:
        return self.slots.get(slot.plant, {}).get(slot.model) is slot

    def _is_of_now(self, slot: Slot, model: LoadedModel) -> bool:
        """Whether a model has its place, and was loaded with its plant's profile as it is now."""
        return self._has(slot) and model.plant == self.profiles[slot.plant]

    def _note_registry(self, fault: str) -> None:
        if fault != self.registry_fault:
            log.log(logging.WARNING if fault else logging.INFO, "mlflow: %s", fault or "answers")
        self.registry_fault = fault

    # Taking up

    async def _take_up(self) -> None:
        """Bring every place up to date, the most urgent first; a look meanwhile may change which that is."""
        async with self._following:
            while (slot := min(filter(_is_due, self.every), key=self._urgency, default=None)) is not None:
                await self._follow(slot)

    def _urgency(self, slot: Slot) -> tuple[bool, bool, bool, float]:
        """What the first plant answers with, what the others do, then the rest; what was asked lately comes first."""
        answers = slot.model == self.profiles[slot.plant].answering
        first = slot.plant == self._first
        return not (first and answers), not answers, not first, -(slot.current.used if slot.current else 0.0)

    async def _follow(self, slot: Slot) -> None:
        if slot.wanted is None:
            return
        (version, entry), slot.wanted, slot.loading = slot.wanted, None, slot.wanted[0]
        try:
            if slot.previous is not None and slot.previous.is_version(version, entry):
                self._swap(slot, slot.previous, None)
            else:
                plant = self.profiles[slot.plant]
                self._swap(slot, *await self._copies.keep(slot, plant, version, entry, self.shelf.has_room))
        except Exception as error:  # noqa: BLE001 whatever one version does, the other models go on
            if retry_s := _note(slot, version, error):
                slot.refused = version, time.monotonic() + retry_s
        finally:
            slot.loading = None

    def _swap(self, slot: Slot, kept: Kept, model: LoadedModel | None) -> None:
        before = slot.current
        slot.current, slot.previous = kept, before
        slot.fault, slot.refused, slot.swaps = "", None, slot.swaps + 1
        log.info("%s: version %s answers", slot.registry_name, kept.version)
        if before is not None:
            kept.used = before.used
        if model is not None and self._is_of_now(slot, model):
            self.shelf.put(kept, model)
        self._copies.forget(slot)

    async def _bring(self, slot: Slot, kept: Kept) -> LoadedModel | None:
        """Read a version that answers into memory; None where it can't be."""
        try:
            plant = self.profiles[slot.plant]
            model = await self._copies.load(slot, plant, kept.version, kept.run_id, kept.folder)
        except Exception as error:  # noqa: BLE001 those who wait are told, and later ones try again
            kept.retry_at = time.monotonic() + (_note(slot, kept.version, error) or RETRY_AWAY_S)
            return None
        else:
            if kept.retry_at:
                slot.fault, kept.retry_at = "", 0.0
            if kept in slot.kept and self._is_of_now(slot, model):
                self.shelf.put(kept, model)
            return model
        finally:
            kept.loading = None


def model_names(profile: PlantProfile) -> list[str]:
    """The names of a plant's models; `forecaster` stands for one a horizon."""
    found: list[str] = []
    for name in profile.models:
        several = [f"{name}_{format_duration(horizon)}" for horizon in profile.horizons]
        found += several if name == "forecaster" else [name]
    return found


def _slots_of(profile: PlantProfile, before: dict[tuple[str, str], Slot]) -> dict[str, Slot]:
    names = {model: profile.registered(model) for model in model_names(profile)}
    hint = NO_VERSION
    if profile.simulated:
        hint += f", or run `forewarn train {profile.name}`; TRAIN_IF_MISSING=1 has it done at the start"
    return {
        model: before.get((profile.name, name)) or Slot(profile.name, model, name, hint=hint)
        for model, name in names.items()
    }


def _compare(slot: Slot, entry: Entry | None) -> None:
    """Note which version should answer in a place, where it is another one than that which does."""
    slot.aliases = entry.aliases if entry else {}
    version = slot.aliases.get(ALIAS)
    slot.wanted = None
    if entry is None or version is None or (slot.current and slot.current.is_version(version, entry)):
        if slot.current is None or not slot.current.retry_at:
            slot.fault = ""
    elif slot.loading != version and not _is_refused(slot, version):
        slot.wanted = version, entry


def _is_refused(slot: Slot, version: int) -> bool:
    return slot.refused is not None and slot.refused[0] == version and time.monotonic() < slot.refused[1]


def _is_due(slot: Slot) -> bool:
    return slot.wanted is not None


def _note(slot: Slot, version: int, error: Exception) -> float:
    """Say why a version doesn't answer; seconds for which it needn't be tried again."""
    if isinstance(error, BundleError | InputError):
        slot.fault = str(error)
        log.error("%s version %s refused: %s", slot.registry_name, version, error)
        return RETRY_REFUSED_S
    if isinstance(error, RegistryUnavailableError | OSError):
        slot.fault = f"version {version} can't be copied: {error}"
        log.warning("%s: %s", slot.registry_name, slot.fault)
        return 0.0
    slot.fault = f"version {version} can't be loaded ({type(error).__name__}: {error})"
    log.error("%s: %s", slot.registry_name, slot.fault, exc_info=error)
    return RETRY_REFUSED_S
