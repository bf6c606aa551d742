"""The newest rows of any live plant: of the simulated one from the sensors, of all others from the live service.

Belongs here: who is asked. Doesn't belong here: HTTP (`routes.py`), scores, which lie in the database.
"""

import contextlib
from typing import Annotated

from serving.errors import Problem
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.scores.schemas import LiveAnswer, LivePlants, LiveRows
from serving.web.parts import part


class LiveReader:
    """What sensors and the live service show of plants.

    Args:
        simulated: the plant that the sensors simulate.
    """

    def __init__(self, sensors: ServiceClient, live: ServiceClient, simulated: str) -> None:
        self._sensors = sensors
        self._live = live
        self._simulated = simulated
        self._has_sensors = False

    async def rows(self, plant: str | None, hours: int) -> LiveRows:
        """A plant's newest rows, oldest first; by default those of the plant that the sensors simulate.

        Raises:
            Problem: it has none, or its service doesn't respond.
        """
        if not self.is_simulated(plant):
            shown = await self._live.ask("GET", f"/plants/{plant}/live/rows?hours={hours}")
            return parse_answer(LiveRows, shown, self._live.name)
        shown = await self._sensors.ask("GET", f"/sensors/history?hours={hours}")
        return parse_answer(LiveRows, shown, self._sensors.name)

    async def state(self, plant: str) -> LiveAnswer:
        """How the readings of a plant that isn't simulated are.

        Raises:
            Problem: the live service doesn't respond.
        """
        return parse_answer(LiveAnswer, await self._live.ask("GET", f"/plants/{plant}/live"), self._live.name)

    def is_simulated(self, plant: str | None) -> bool:
        return plant in (None, self._simulated)

    def service_of(self, plant: str | None) -> str:
        """Name of the service that has a plant's rows."""
        return (self._sensors if self.is_simulated(plant) else self._live).name

    async def plants(self) -> frozenset[str]:
        """The plants that receive readings; without those of the live service where it doesn't respond.

        The simulated one counts as soon as the sensors have responded once: where nobody simulates, it receives none.
        """
        found: set[str] = set()
        with contextlib.suppress(Problem):
            shown = parse_answer(LivePlants, await self._live.ask("GET", "/plants"), self._live.name)
            found = {one.plant for one in shown.plants if one.plant}
        if not self._has_sensors:
            with contextlib.suppress(Problem):
                await self._sensors.ask("GET", "/sensors/live")
                self._has_sensors = True
        return frozenset(found | ({self._simulated} if self._has_sensors else set()))


LiveReaderDep = Annotated[LiveReader, part("live_reader")]
