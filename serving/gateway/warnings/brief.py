"""What a new warning says beside its probability: which tags move it, and what to check.

Belongs here: asking inference for both. A warning opens without them where inference doesn't respond.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from serving.errors import Problem
from serving.gateway.drivers.schemas import DriverTag
from serving.gateway.upstream import ServiceClient, parse_answer

MOST_DRIVERS = 10
LONGEST_MISSING = 500


class ExplainedTags(BaseModel):
    """Drivers, the largest in magnitude first."""

    tags: Annotated[list[DriverTag], Field(max_length=5000)]


class AdviceList(BaseModel):
    """Advice, the most urgent first."""

    recommendation: Annotated[list[JsonValue], Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class WarningBrief:
    """Drivers, the largest first, and advice; None where there is none, and why."""

    drivers: list[DriverTag] | None
    advice: list[JsonValue] | None
    missing: str = ""

    @property
    def tags(self) -> list[str]:
        """What pushes the probability up."""
        return [driver.tag for driver in self.drivers or () if driver.contribution > 0]

    def led_by(self, names: Sequence[str]) -> "WarningBrief":
        """The same with some tags first: what a rule reads drives its warning, whatever moves the model."""
        known = {driver.tag: driver for driver in self.drivers or ()}
        first = [known.pop(name, DriverTag(tag=name, contribution=0.0)) for name in names]
        return replace(self, drivers=[*first, *known.values()])


async def fetch_brief(
    inference: ServiceClient, plant: str, model: str, readings: list[JsonValue]
) -> WarningBrief:
    """Ask for the drivers of a registered model's score of readings, oldest first, and for advice."""
    drivers, advice, missing = None, None, []
    asked = dict[str, JsonValue](readings=readings, model=model)
    try:
        answer = await inference.post(f"/plants/{plant}/explain", asked)
        drivers = parse_answer(ExplainedTags, answer, inference.name).tags[:MOST_DRIVERS]
    except Problem as problem:
        missing.append(f"drivers: {problem.detail}")
    try:
        advice = await fetch_advice(inference, plant, readings)
    except Problem as problem:
        missing.append(f"advice: {problem.detail}")
    return WarningBrief(drivers, advice, "; ".join(missing)[:LONGEST_MISSING])


async def fetch_advice(inference: ServiceClient, plant: str, readings: list[JsonValue]) -> list[JsonValue]:
    """Ask for advice on the newest of some readings, the most urgent first.

    Raises:
        Problem: there is none.
    """
    answer = await inference.post(f"/plants/{plant}/recommend", {"readings": readings})
    return parse_answer(AdviceList, answer, inference.name).recommendation
