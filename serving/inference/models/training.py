"""Trains simulated plants whose model isn't registered, where TRAIN_IF_MISSING says so, in a child process.

Belongs here: which plants, one child at a time, and what /ready says of it. Doesn't belong here: training, which is the
command `forewarn train` of the pipeline's side.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from plant_assets.profile.model import PlantProfile
from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.slots import ModelSlot

log = logging.getLogger("serving")

CHECK_EVERY_S = 0.5
NICENESS = 10
"""The child's niceness: requests and other trainings go first."""
LONGEST_LINE = 300
LONGEST_HOLD_S = 600.0
"""How long other plants' trainings wait for the default plant's first model; its run may have failed."""


def train_command(plant: str) -> list[str]:
    """The command that trains a plant, unless it has a model meanwhile."""
    return [sys.executable, "-m", "plant_assets.cli", "train", plant, "--missing"]


class MissingModelTrainer:
    """Trains each plant whose model is missing, once.

    Args:
        first: the plant that is trained before the others; of these the quickest come first.
        drop: folder of the plants' drop folders; a plant that has files there is the pipeline's affair.
        command: plant → argument vector that trains it.
    """

    def __init__(
        self,
        reconciler: ModelReconciler,
        first: str,
        drop: Path,
        logs: Path,
        command: Callable[[str], list[str]] = train_command,
    ) -> None:
        self._reconciler = reconciler
        self._first = first
        self._drop = drop
        self._logs = logs
        self._command = command
        self._tried: set[str] = set()
        self._hold_until = time.monotonic() + LONGEST_HOLD_S

    async def run(self) -> None:
        """Train what is missing, each plant once, one after another, for as long as the service runs."""
        while True:
            if not self._reconciler.registry_fault and (slot := self._next_slot()) is not None:
                await self._train(slot)
            await asyncio.sleep(CHECK_EVERY_S)

    def _next_slot(self) -> ModelSlot | None:
        """The slot to train for next; the hints of those after it say what they wait for.

        While the pipeline makes the first plant's first model, the others wait, but not for ever.
        """
        profiles = sorted(
            self._reconciler.profiles.values(), key=lambda p: (p.name != self._first, len(p.models))
        )
        found = [slot for profile in profiles if (slot := self._slot_to_fill(profile)) is not None]
        if found and self._first_is_in_progress():
            for slot in found:
                slot.hint = f"its training is queued after {self._first}"
            return None
        for slot in found[1:]:
            slot.hint = f"its training is queued after {found[0].plant}"
        return found[0] if found else None

    def _first_is_in_progress(self) -> bool:
        if self._first not in self._reconciler.slots or time.monotonic() > self._hold_until:
            return False
        slot = self._reconciler.main_slot(self._first)
        return slot.current is None and not slot.fault and self._has_files(self._first)

    def _slot_to_fill(self, profile: PlantProfile) -> ModelSlot | None:
        """The slot of a simulated plant's main model, if this service is to train it."""
        slot = self._reconciler.slots[profile.name].get(profile.answering)
        if not profile.simulated or profile.name in self._tried or slot is None or slot.aliases:
            return None
        return None if self._has_files(profile.name) else slot

    def _has_files(self, plant: str) -> bool:
        folder = self._drop / plant
        return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())

    async def _train(self, slot: ModelSlot) -> None:
        plant = slot.plant
        self._tried.add(plant)
        slot.hint = f"training since {datetime.now(UTC):%H:%M} UTC"
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"train_{plant}.log"
        log.info("%s: no model is registered; training one, output in %s", plant, path)
        with path.open("wb") as output:
            # A session of its own, so that all it starts ends with it.
            child = await asyncio.create_subprocess_exec(
                *self._command(plant), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            try:
                with contextlib.suppress(ProcessLookupError):  # it may have ended already
                    os.setpriority(os.PRIO_PROCESS, child.pid, NICENESS)
                status = await child.wait()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
        if status:
            slot.hint = f"training failed ({_last_line(path)}); run `forewarn train {plant}` for details"
            log.error("%s: %s", plant, slot.hint)
        else:
            slot.hint = "trained; loading"
            self._reconciler.request_poll()


def _last_line(path: Path) -> str:
    lines = [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    return (lines[-1] if lines else "no output")[:LONGEST_LINE].removeprefix("error: ")
