"""What a new warning says beside its probability: which tags move it, and what to check.

Belongs here: asking inference for both. A warning opens without them where inference doesn't answer.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, BaseModel, Field, JsonValue

from plant_assets.profile.model import PlantProfile
from serving.errors import Problem
from serving.explain.tags import Owners
from serving.gateway.infer.results import understood
from serving.gateway.infer.schemas import Finite
from serving.gateway.infer.upstream import Upstream
from serving.gateway.live.outcome import post
from serving.gateway.problems import PassedOn

MOST_DRIVERS = 10
LONGEST_MISSING = 500


class Driver(BaseModel):
    """A tag or a controller, and what it adds to the model's answer."""

    tag: Annotated[str, Field(max_length=100, validation_alias=AliasChoices("tag", "name", "feature"))]
    contribution: Annotated[Finite, Field(validation_alias=AliasChoices("contribution", "value"))]


class Explained(BaseModel):
    drivers: Annotated[
        list[Driver],
        Field(max_length=5000, validation_alias=AliasChoices("tags", "by_tag", "local_importance")),
    ]


class Advised(BaseModel):
    recommendations: Annotated[
        list[JsonValue],
        Field(max_length=50, validation_alias=AliasChoices("recommendations", "recommendation")),
    ]


@dataclass(frozen=True, slots=True)
class Brief:
    """Drivers, the largest first, and advice; None where there is none, and why."""

    drivers: list[Driver] | None
    advice: list[JsonValue] | None
    missing: str = ""

    @property
    def tags(self) -> list[str]:
        """The tags that push the probability up."""
        return [driver.tag for driver in self.drivers or () if driver.contribution > 0]


async def brief(
    inference: Upstream, profile: PlantProfile, readings: list[JsonValue], horizon_hours: float
) -> Brief:
    """Ask for the drivers of a score, and for advice.

    Args:
        inference: who knows.
        profile: whose models.
        readings: that were scored, oldest first.
        horizon_hours: of the score; 0: now.
    """
    drivers, advice, missing = None, None, []
    try:
        found, note = await _explain(inference, profile.name, readings, horizon_hours)
        drivers = _of_tags(found, profile)
        missing += [note] if note else []
    except Problem as problem:
        missing.append(f"drivers: {problem.detail}")
    try:
        answer = await post(inference, f"/plants/{profile.name}/recommend", {"readings": readings})
        advice = understood(Advised, answer, inference.name).recommendations
    except Problem as problem:
        missing.append(f"advice: {problem.detail}")
    return Brief(drivers, advice, "; ".join(missing)[:LONGEST_MISSING])


async def _explain(
    inference: Upstream, plant: str, readings: list[JsonValue], horizon_hours: float
) -> tuple[list[Driver], str]:
    """Drivers of the forecast, or of the risk now where forecasts aren't explained; and a note on that."""
    path, asked = f"/plants/{plant}/explain", dict[str, JsonValue](readings=readings)
    note = ""
    if horizon_hours:
        try:
            answer = await post(inference, path, asked | {"horizon": int(horizon_hours)})
            return understood(Explained, answer, inference.name).drivers, ""
        except PassedOn:
            note = "drivers: those of the risk now"
    return understood(Explained, await post(inference, path, asked), inference.name).drivers, note


def _of_tags(drivers: list[Driver], profile: PlantProfile) -> list[Driver]:
    """Contributions summed by tag or controller, the largest in magnitude first."""
    owners, sums = Owners(profile), dict[str, float]()
    for driver in drivers:
        name = owners.of(driver.tag)
        sums[name] = sums.get(name, 0.0) + driver.contribution
    found = [Driver(tag=tag, contribution=total) for tag, total in sums.items()]
    return sorted(found, key=lambda driver: -abs(driver.contribution))[:MOST_DRIVERS]
