"""The newest rows of any live plant, from the live service.

Belongs here: what is asked. Doesn't belong here: HTTP (`routes.py`), scores, which lie in the database.
"""

import contextlib
from typing import Annotated

from serving.errors import Problem
from serving.gateway.problems import ServiceAway
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.scores.schemas import LiveAnswer, LivePlants, LiveRows
from serving.web.parts import part


class LiveReader:
    """What the live service shows of plants.

    Args:
        default_plant: the plant that is meant where none is named.
    """

    def __init__(self, live: ServiceClient, default_plant: str) -> None:
        self._live = live
        self._default_plant = default_plant

    @property
    def service(self) -> str:
        """Name of the service that has the rows."""
        return self._live.name

    async def rows(self, plant: str | None, hours: int) -> LiveRows:
        """A plant's newest rows, oldest first.

        Raises:
            Problem: it has none, or the live service doesn't respond.
        """
        path = f"/plants/{plant or self._default_plant}/live/rows?hours={hours}"
        return parse_answer(LiveRows, await self._live.ask("GET", path), self._live.name)

    async def state(self, plant: str | None) -> LiveAnswer:
        """How the readings of a plant and their scores are, also that the live service doesn't respond.

        Raises:
            Problem: it refuses to answer.
        """
        name = plant or self._default_plant
        try:
            answer = await self._live.ask("GET", f"/plants/{name}/live")
        except ServiceAway as away:
            return LiveAnswer(role=away.detail, plant=name, plant_time=None, scored_time=None)
        return parse_answer(LiveAnswer, answer, self._live.name)

    async def plants(self) -> frozenset[str]:
        """The plants that receive readings; none where the live service doesn't respond."""
        with contextlib.suppress(Problem):
            shown = parse_answer(LivePlants, await self._live.ask("GET", "/plants"), self._live.name)
            return frozenset(one.plant for one in shown.plants if one.plant)
        return frozenset()


LiveReaderDep = Annotated[LiveReader, part("live_reader")]
