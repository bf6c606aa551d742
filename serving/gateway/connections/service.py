"""The live service's own account of its sources and outputs.

Belongs here: asking for it, and what is said where it can't be had. Doesn't belong here: sources and outputs themselves
(`serving/live`).
"""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, TypeVar

from serving.errors import Problem
from serving.gateway.connections.schemas import (
    ConnectionsAnswer,
    OutputsList,
    SourcesList,
    UnmappedNames,
)
from serving.gateway.problems import ServiceAway
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.web.parts import part

LIVE = "the live service"
Answer = TypeVar("Answer")


class ConnectionDirectory:
    """Sources and outputs as they are now."""

    def __init__(self, live: ServiceClient) -> None:
        self._live = live

    async def all(self) -> ConnectionsAnswer:
        """What can be had of it; `fault` says what can't."""
        faults: list[str] = []
        sources, outputs = await asyncio.gather(
            _or_none(self._sources(), "sources", faults), _or_none(self._outputs(), "outputs", faults)
        )
        found = sources.sources if sources else []
        plants = sorted({source.plant for source in found if source.plant})
        unmapped = await asyncio.gather(
            *(_or_none(self._unmapped(plant), f"unmapped names of {plant}", faults) for plant in plants)
        )
        return ConnectionsAnswer(
            sources=found,
            outputs=outputs.outputs if outputs else [],
            unmapped={
                plant: names.unmapped
                for plant, names in zip(plants, unmapped, strict=True)
                if names and names.unmapped
            },
            fault="; ".join(dict.fromkeys(faults)),
        )

    async def _sources(self) -> SourcesList:
        return parse_answer(SourcesList, await self._live.ask("GET", "/sources"), LIVE)

    async def _outputs(self) -> OutputsList:
        return parse_answer(OutputsList, await self._live.ask("GET", "/outputs"), LIVE)

    async def _unmapped(self, plant: str) -> UnmappedNames:
        path = f"/plants/{plant}/live/unmapped"
        return parse_answer(UnmappedNames, await self._live.ask("GET", path), LIVE)


async def _or_none(asked: Coroutine[None, None, Answer], what: str, faults: list[str]) -> Answer | None:
    """What is asked for; where it can't be had, why is added to the faults."""
    try:
        return await asked
    except ServiceAway as away:
        faults.append(away.detail)
    except Problem as problem:
        faults.append(f"{what}: {problem.detail}")
    return None


ConnectionsDep = Annotated[ConnectionDirectory, part("connections")]
