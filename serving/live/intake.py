"""The one way from a source into the inbox: admit, store, hand over.

Belongs here: gathering what several sources bring into one transaction. Doesn't belong here: which records are taken
(`admission.py`), what the plant does with them (`plants`).
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from plant_assets.profile.model import PlantProfile
from serving.live import metrics
from serving.live.admission import PlantAdmission
from serving.live.inbox.inbox import ReadingInbox, StoredCounts
from serving.live.readings import AdmittedReading, IntakeReceipt, RawReading
from serving.live.role import LiveAway, LiveRole
from serving.plant_folder import PlantFolder
from serving.web.parts import part

MOST_WAITING = 200_000
"""Records that wait for a transaction; beyond it sources wait."""


class ReadingListener(Protocol):
    """Who is told of stored records: the plants' tasks."""

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:
        """Records that are stored now; how many of them are late."""
        ...

    def reread(self, plant: str) -> None:
        """Stored values are withdrawn: rows are to be made anew."""
        ...

    def note_time(self, plant: str, source: str, time_us: int) -> None: ...

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None: ...


class NameBoard(Protocol):
    """Who shows the names that are no tag's: the board of the sources."""

    def note_unmapped(self, plant: str, names: dict[str, int]) -> None: ...


@dataclass(slots=True)
class _Waiting:
    """Admitted records that wait for their transaction."""

    plant: str
    readings: list[AdmittedReading]
    stored: "asyncio.Future[StoredCounts]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class LiveIntake:
    """The intake of all plants."""

    def __init__(
        self,
        folder: PlantFolder,
        inbox: ReadingInbox,
        listener: ReadingListener,
        board: NameBoard,
        role: LiveRole,
    ) -> None:
        self._folder = folder
        self._inbox = inbox
        self._listener = listener
        self._board = board
        self._role = role
        self._admissions: dict[str, PlantAdmission] = {}
        self._profiles: Mapping[str, PlantProfile] = {}
        self._waiting: list[_Waiting] = []
        self._n_waiting = 0
        self._storing: asyncio.Task[None] | None = None
        self._room = asyncio.Condition()

    def plants(self) -> Mapping[str, PlantProfile]:
        """The plants, as their files are now."""
        return self._folder.profiles

    def knows(self, plant: str, name: str) -> bool:
        """Whether a site's name is one of a plant's columns.

        Raises:
            UnknownPlant: there is no such plant.
        """
        return self._admission(plant).knows(name)

    async def receive(
        self, plant: str, source: str, readings: Sequence[RawReading], places: Sequence[str] | None = None
    ) -> IntakeReceipt:
        """Admit and store records; when this returns, they are on the disk, and a source may acknowledge them.

        Args:
            plant: whose they are.
            source: its name on the board.
            readings: in the order of the message; of equal name and time the last counts.
            places: where each stands in its message.

        Raises:
            UnknownPlant: there is no such plant.
            LiveAway: this process takes no readings at present.
            StoreUnavailable: nothing was stored; the source keeps the message.
        """
        if self._role.fault:
            raise LiveAway(self._role.fault)
        receipt = IntakeReceipt()
        admitted = self._admission(plant).admit(readings, places, receipt)
        if receipt.unmapped:
            self._board.note_unmapped(plant, receipt.unmapped)
        if admitted:
            counts = await self._store(plant, admitted)
            receipt.stored, receipt.repeated, receipt.corrected = (
                counts.stored,
                counts.repeated,
                counts.corrected,
            )
            if counts.corrected and any(reading.quality == "bad" for reading in admitted):
                self._listener.reread(plant)
            receipt.late = self._listener.take(plant, source, admitted)
            metrics.STORED.labels(plant).inc(receipt.stored)
        if receipt.n_refused:
            metrics.REFUSED.labels(plant).inc(receipt.n_refused)
        return receipt

    def note_time(self, plant: str, source: str, time_us: int) -> None:
        """A message without values: the plant's clock has reached this time."""
        self._listener.note_time(plant, source, time_us)

    async def mark_stale(self, plant: str, source: str, names: Collection[str], time_us: int) -> None:
        """These tags have no current value: their source is gone."""
        await self.receive(plant, source, [RawReading(name, time_us, None, "bad") for name in names])
        self._listener.mark_stale(plant, names, time_us)

    def check_plant(self, plant: str) -> None:
        """Raises UnknownPlant where there is no such plant."""
        if plant not in self._folder.profiles:
            raise self._folder.unknown_plant(plant)

    def _admission(self, plant: str) -> PlantAdmission:
        self.check_plant(plant)
        if self._profiles is not self._folder.profiles:
            self._profiles, self._admissions = self._folder.profiles, {}
        if plant not in self._admissions:
            self._admissions[plant] = PlantAdmission(self._profiles[plant])
        return self._admissions[plant]

    async def _store(self, plant: str, admitted: list[AdmittedReading]) -> StoredCounts:
        async with self._room:
            await self._room.wait_for(lambda: self._n_waiting < MOST_WAITING)
        waiting = _Waiting(plant, admitted)
        self._waiting.append(waiting)
        self._n_waiting += len(admitted)
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_waiting())
        return await waiting.stored

    async def _store_waiting(self) -> None:
        """Store what waits, all that came meanwhile in one transaction, until nothing does."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._store_batch(batch)
            finally:
                self._n_waiting -= sum(len(one.readings) for one in batch)
                async with self._room:
                    self._room.notify_all()

    async def _store_batch(self, batch: list[_Waiting]) -> None:
        try:
            counts = await self._inbox.store([(one.plant, one.readings) for one in batch])
        except Exception as error:  # noqa: BLE001 each that waits is told
            for one in batch:
                if not one.stored.done():
                    one.stored.set_exception(error)
            return
        for one, count in zip(batch, counts, strict=True):
            if not one.stored.done():
                one.stored.set_result(count)


IntakeDep = Annotated[LiveIntake, part("intake")]
