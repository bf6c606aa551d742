"""The plants that are watched: one task a plant, begun with its first reading.

Belongs here: which plants have a task. Doesn't belong here: what a task does (`watch.py`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Annotated

from serving.inference.models.reconciler import ModelReconciler
from serving.live.inbox.inbox import ReadingInbox
from serving.live.plants.watch import PlantWatch
from serving.live.readings import AdmittedReading
from serving.web.parts import part

LOOK_EVERY_S = 2.0
log = logging.getLogger("serving")


class PlantWatches:
    """The tasks of all plants.

    Args:
        reconciler: knows the plants.
        inbox: plants that have records there are watched from the start.
        watch_of: makes a plant's watch.
        chosen: the plants that may be watched; empty: all.
    """

    def __init__(
        self,
        reconciler: ModelReconciler,
        inbox: ReadingInbox,
        watch_of: Callable[[str], PlantWatch],
        chosen: Collection[str] = (),
    ) -> None:
        self.watches: dict[str, PlantWatch] = {}
        self._reconciler = reconciler
        self._inbox = inbox
        self._watch_of = watch_of
        self._chosen = frozenset(chosen)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def is_watched(self, plant: str) -> bool:
        """Whether this process may watch a plant."""
        return not self._chosen or plant in self._chosen

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:
        watch = self._watch(plant)
        return watch.take(source, readings) if watch else 0

    def reread(self, plant: str) -> None:
        if (watch := self.watches.get(plant)) is not None:
            watch.reread()

    def note_time(self, plant: str, source: str, time_us: int) -> None:
        if (watch := self._watch(plant)) is not None:
            watch.note_time(source, time_us)

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None:
        if (watch := self._watch(plant)) is not None:
            watch.mark_stale(columns, time_us)

    async def run(self) -> None:
        """Watch until cancelled: plants come and go with their files."""
        try:
            for plant in await self._inbox.plants():
                self._watch(plant)
            while True:
                for plant in self.watches.keys() - self._reconciler.slots.keys():
                    log.warning("plant %s is gone; its readings stay in the inbox", plant)
                    del self.watches[plant]
                    self._tasks.pop(plant).cancel()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._tasks.values():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            # Whoever runs this again begins with what is stored.
            self.watches.clear()
            self._tasks.clear()

    def _watch(self, plant: str) -> PlantWatch | None:
        """A plant's watch, begun where it isn't there; None for a plant that isn't watched here."""
        if plant not in self._reconciler.slots or not self.is_watched(plant):
            return None
        if plant not in self.watches:
            self.watches[plant] = watch = self._watch_of(plant)
            self._tasks[plant] = asyncio.create_task(watch.run(), name=f"watch {plant}")
        return self.watches[plant]


WatchesDep = Annotated[PlantWatches, part("watches")]
