"""Asks inference for the drivers of a score, and for advice. A warning opens without them where it doesn't respond."""

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from serving.errors import Problem
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.warnings.brief import LONGEST_MISSING, MOST_DRIVERS, DriverTag, WarningBrief


class ExplainedTags(BaseModel):
    """Drivers, the largest in magnitude first."""

    tags: Annotated[list[DriverTag], Field(max_length=5000)]


class AdviceList(BaseModel):
    """Advice, the most urgent first."""

    recommendation: Annotated[list[JsonValue], Field(max_length=100)]


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
