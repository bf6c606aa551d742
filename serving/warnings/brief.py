"""What a new warning says beside its probability: which tags move it, and what to check.

Belongs here: shapes. Doesn't belong here: how models are asked (`serving/live/plants`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

MOST_DRIVERS = 10
LONGEST_MISSING = 500


class DriverTag(BaseModel):
    """A tag or a controller, and what its features add together."""

    tag: Annotated[str, Field(max_length=100)]
    contribution: Annotated[float, Field(allow_inf_nan=False)]


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
