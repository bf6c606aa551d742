"""Lets the plant live: completes rows when they are due, tells clients, keeps state.

Belongs here: the order of these steps, which is what makes a restart continue. A row is noted on disk
before anybody sees it, so that a killed process never takes one back.
"""

import asyncio
import contextlib
import logging
import math
from datetime import UTC, datetime

from plant_assets.simulation.scenario_names import Scenario
from serving.sensors.clock import PlantClock
from serving.sensors.metrics import ROWS
from serving.sensors.plant import RING, LivePlant
from serving.sensors.publishing import OpenPublisher, RowPublisher
from serving.sensors.rows import SensorRow
from serving.sensors.state import StateFile
from serving.web.broadcast import StreamBroadcast, StreamSubscription

END = datetime(9000, 1, 1, tzinfo=UTC)
"""Calendars end soon after; the plant stops."""
log = logging.getLogger("serving")


class PlantRunner:
    """The plant's life in one task.

    Attributes:
        faults: what goes wrong at present, by where: "state" or "readings".
    """

    def __init__(
        self, plant: LivePlant, clock: PlantClock, state_file: StateFile, open_publisher: OpenPublisher
    ) -> None:
        self.plant = plant
        self.clock = clock
        self.broadcast = StreamBroadcast[StreamSubscription]()
        self.faults: dict[str, str] = {}
        self._state_file = state_file
        self._speed_changed = asyncio.Event()
        self._busy = asyncio.Lock()
        """Held while the plant's days change, or are read: a switch takes the newest day away for a moment."""
        self.publisher = RowPublisher(plant, open_publisher, self._busy, self._report_publishing)

    async def run(self) -> None:
        """Complete rows and publish them until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(self.publisher.run())
            await self._complete_rows()
            publishing.cancel()

    async def _complete_rows(self) -> None:
        self._save_state(durable=True)
        while self.plant.time < END:
            await self._wait_for_room()
            wait = self.clock.wait_s(self.plant.position)
            # Not wait_for: Python 3.11's loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(wait) else wait):
                    await self._speed_changed.wait()
            if self._speed_changed.is_set():
                self._speed_changed.clear()
                continue
            async with self._busy:
                if self.plant.needs_day:
                    await asyncio.to_thread(self.plant.simulate_day)
                self._complete_row()
        log.error("the plant's calendar ends at %s; remove its state to start a new plant", END.date())

    async def activate(self, scenario: Scenario) -> bool:
        """Switch the scenario; whether that changed anything. It is on disk when this returns."""
        async with self._busy:
            changed = await asyncio.to_thread(self.plant.activate, scenario)
            if changed:
                self._save_state(durable=True)
            return changed

    def set_speed(self, hours_per_second: float) -> None:
        """Change the plant's speed until the service ends."""
        self.clock.speed = hours_per_second
        self._speed_changed.set()

    def close(self) -> None:
        """Note where the plant stopped, and end all streams."""
        self._save_state(durable=True)
        self.broadcast.close()

    def _complete_row(self) -> None:
        row = self.plant.advance()
        self._save_state()
        ROWS.inc()
        self.broadcast.publish(reading_event(row))
        self.publisher.note_row()

    async def _wait_for_room(self) -> None:
        """A plant whose readings nobody takes stands still before it would have to forget them."""
        while self.plant.position - self.plant.published >= RING:
            self.publisher.progress.clear()
            await self.publisher.progress.wait()

    def _save_state(self, *, durable: bool = False) -> None:
        """Write the state; a full disk doesn't stop the plant, but is told."""
        try:
            self._state_file.write(self.plant.state(), durable=durable)
            self.faults.pop("state", None)
        except OSError as error:
            self._report_fault("state", f"{self._state_file.path}: {error.strerror or error}")

    def _report_publishing(self, fault: str) -> None:
        if fault:
            self._report_fault("readings", fault)
            return
        self.faults.pop("readings", None)
        self._save_state()

    def _report_fault(self, place: str, fault: str) -> None:
        if self.faults.get(place) != fault:
            log.error("%s", fault)
        self.faults[place] = fault


def reading_event(row: SensorRow) -> bytes:
    """A row as a server-sent event; its id is the row's number, the same after a restart."""
    return b"id: %d\nevent: reading\ndata: %b\n\n" % (row.number, row.json)
