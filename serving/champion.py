"""The models that answer: which version of each is loaded, and their swap when an alias moves.

Belongs here: polling, loading in a thread, the swap of one reference. Doesn't belong here: requests
(`inference/`), MLflow's interface (`registry.py`), a bundle's content (`bundle.py`).

A request takes a slot's `current` once and answers from it, so a swap never fails a request.
"""

import asyncio
import contextlib
import logging
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile
from serving.bundle import Bundle, BundleError
from serving.inference.inputs import Inputs
from serving.inference.insight import Insight
from serving.inference.kernel import InputError
from serving.registry import ALIAS, Entry, RegistryClient, RegistryUnavailableError

log = logging.getLogger("serving")

RETRY_REFUSED_S = 30.0
SHORTEST_PAUSE_S = 0.05
CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One version, warm: what it answers with and how requests become its rows."""

    registry_name: str
    version: int
    run_id: str
    bundle: Bundle
    inputs: Inputs
    insight: Insight
    registered_at: int = 0
    loaded_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def is_version(self, version: int, entry: Entry) -> bool:
        return self.version == version and self.registered_at == entry.created


@dataclass(slots=True)
class Slot:
    """The place of one of a plant's models.

    Attributes:
        current: what answers; replaced as a whole.
        previous: what answered before.
        aliases: alias → version, as last seen.
        loading: the version that is being copied and loaded now.
        fault: why the wanted version isn't loaded; empty if nothing is wrong.
        swaps: how often `current` was replaced.
    """

    plant: str
    model: str
    registry_name: str
    current: LoadedModel | None = None
    previous: LoadedModel | None = None
    aliases: dict[str, int] = field(default_factory=dict)
    loading: int | None = None
    fault: str = ""
    refused: tuple[int, float] | None = None
    swaps: int = 0

    @property
    def status(self) -> str:
        if self.current is None and self.loading is not None:
            return "loading"
        if self.current is None:
            return "failed" if self.fault else "absent"
        return "stale" if self.fault else "ready"


class Champions:
    """All models of all plants, kept up to date with MLflow.

    Args:
        profiles: the plants by name.
        registry: where aliases and bundles come from.
        folder: where bundles are copied to.
        poll_seconds: how often aliases are looked at.
    """

    def __init__(
        self, profiles: dict[str, PlantProfile], registry: RegistryClient, folder: Path, poll_seconds: float
    ) -> None:
        self.slots = {
            plant: {model: Slot(plant, model, f"{p.registry_prefix}{model}") for model in model_names(p)}
            for plant, p in profiles.items()
        }
        self.profiles = profiles
        self.registry_fault = "MLflow hasn't been asked yet"
        self._registry = registry
        self._folder = folder
        self._poll_seconds = poll_seconds
        self._wished = asyncio.Event()
        self._looking = asyncio.Lock()
        self._prefixes = [p.registry_prefix for p in profiles.values()]

    def look_soon(self) -> None:
        """Look at the aliases now, or right after the look that is going on; many wishes are one look."""
        self._wished.set()

    async def run(self) -> None:
        """Look at the aliases for ever, whatever comes of one look."""
        while True:
            began = time.monotonic()
            self._wished.clear()
            try:
                await self.refresh()
            except Exception as error:
                log.exception("looking at the aliases failed")
                self._note_registry(f"MLflow's answer can't be used ({type(error).__name__}: {error})")
            pause = max(self._poll_seconds - (time.monotonic() - began), SHORTEST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wished.wait(), pause)

    async def refresh(self) -> None:
        """Look once, and load what has moved. Faults of MLflow and of bundles are kept for `/ready`."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        try:
            entries = await self._registry.entries(self._prefixes)
        except RegistryUnavailableError as error:
            self._note_registry(str(error))
            return
        self._note_registry("")
        for slot in self._by_urgency():
            await self._follow(slot, entries.get(slot.registry_name))

    def _by_urgency(self) -> list[Slot]:
        """Champions first: a plant is ready with its champion."""
        every = [slot for plant in self.slots.values() for slot in plant.values()]
        return sorted(every, key=lambda slot: slot.model != CHAMPION)

    def _note_registry(self, fault: str) -> None:
        if fault != self.registry_fault:
            log.log(logging.WARNING if fault else logging.INFO, "mlflow: %s", fault or "answers")
        self.registry_fault = fault

    async def _follow(self, slot: Slot, entry: Entry | None) -> None:
        slot.aliases = entry.aliases if entry else {}
        wanted = entry.aliases.get(ALIAS) if entry else None
        if entry is None or wanted is None or (slot.current and slot.current.is_version(wanted, entry)):
            slot.fault = ""
            return
        if slot.refused and slot.refused[0] == wanted and time.monotonic() < slot.refused[1]:
            return
        slot.loading = wanted
        try:
            self._swap(slot, await self._load(slot, wanted, entry))
        except (BundleError, InputError) as error:
            slot.fault, slot.refused = str(error), (wanted, time.monotonic() + RETRY_REFUSED_S)
            log.error("%s version %s refused: %s", slot.registry_name, wanted, error)
        except (RegistryUnavailableError, OSError) as error:
            slot.fault = f"version {wanted} can't be copied: {error}"
            log.warning("%s: %s", slot.registry_name, slot.fault)
        except Exception as error:  # whatever one version does, the other models go on
            slot.fault = f"version {wanted} can't be loaded ({type(error).__name__}: {error})"
            slot.refused = wanted, time.monotonic() + RETRY_REFUSED_S
            log.exception("%s: %s", slot.registry_name, slot.fault)
        finally:
            slot.loading = None

    async def _load(self, slot: Slot, version: int, entry: Entry) -> LoadedModel:
        if slot.previous is not None and slot.previous.is_version(version, entry):
            return slot.previous
        record = await self._registry.version(slot.registry_name, version)
        if record is None:
            raise BundleError(f"{slot.registry_name} has no version {version}; the alias points at nothing")
        run_id = record.run_id
        folder = self._folder / slot.registry_name / f"{version}-{run_id}"
        bundle, inputs = await self._copied(slot, version, folder)
        if bundle.manifest.plant != slot.plant or bundle.manifest.model != slot.model:
            found = f"{bundle.manifest.model} of plant {bundle.manifest.plant}"
            raise BundleError(
                f"{slot.registry_name} version {version} holds {found}; expected {slot.model} of {slot.plant}"
            )
        return LoadedModel(
            slot.registry_name, version, run_id, bundle, inputs, Insight(bundle), entry.created
        )

    async def _copied(self, slot: Slot, version: int, folder: Path) -> tuple[Bundle, Inputs]:
        """From the copy that is here, else from MLflow; a copy at fault is replaced."""
        if folder.is_dir():
            try:
                return await asyncio.to_thread(_load_warm, folder)
            except BundleError as error:
                log.warning("%s: the copy is replaced: %s", slot.registry_name, error)
        await self._registry.download(slot.registry_name, version, folder)
        return await asyncio.to_thread(_load_warm, folder)

    def _swap(self, slot: Slot, loaded: LoadedModel) -> None:
        slot.current, slot.previous = loaded, slot.current
        slot.fault, slot.refused, slot.swaps = "", None, slot.swaps + 1
        log.info("%s: version %s answers", slot.registry_name, loaded.version)
        self._forget(slot)

    def _forget(self, slot: Slot) -> None:
        """Delete copies of versions that neither answer nor answered just before."""
        kept = {f"{m.version}-{m.run_id}" for m in (slot.current, slot.previous) if m is not None}
        for folder in (self._folder / slot.registry_name).glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def model_names(profile: PlantProfile) -> list[str]:
    """The names of a plant's models; `forecaster` stands for one a horizon."""
    found: list[str] = []
    for name in profile.models:
        several = [f"{name}_{format_duration(horizon)}" for horizon in profile.horizons]
        found += several if name == "forecaster" else [name]
    return found


def _load_warm(folder: Path) -> tuple[Bundle, Inputs]:
    """Load a bundle, hold it against its reference rows, and compute its inputs once."""
    bundle = Bundle.load(folder)
    inputs = Inputs(bundle.manifest)
    inputs.warm()
    return bundle, inputs
