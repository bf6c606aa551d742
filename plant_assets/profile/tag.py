"""One measured point of a plant, as a strict Pydantic model.

Belongs here: what is told of a tag, and the strictness that all models of a profile share.
Doesn't belong here: what needs more than one tag (`model.py`).
"""

import zlib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

TagName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Role = Literal["indicator", "pv", "op", "sp"]
Aggregate = Literal["max", "min"]
LONGEST_RULE = 40
"""Characters of an alarm rule's name."""
TIME_NAMES = ("timestamp", "time")
"""What readings call their time, in any case; no tag's name."""


class StrictModel(BaseModel):
    """Refuses unknown fields; never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class AlarmLimits(StrictModel):
    """Alarm limits in the tag's unit, after ISA-18.2: LL ≤ L ≤ H ≤ HH; absent ones are not alarmed."""

    LL: float | None = None
    L: float | None = None
    H: float | None = None
    HH: float | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        known = {"LL": self.LL, "L": self.L, "H": self.H, "HH": self.HH}
        given = [v for v in known.values() if v is not None]
        if given != sorted(given):
            shown = ", ".join(f"{name} {value:g}" for name, value in known.items() if value is not None)
            raise ValueError(f"expected LL <= L <= H <= HH, got {shown}")
        return self


class Tag(StrictModel):
    """One measured point of the historian."""

    name: TagName
    description: str
    unit: str
    range: tuple[float, float] = Field(description="valid range; values outside are bad data")
    saturation: tuple[float | None, float | None] = Field(
        default=(None, None),
        description="range of the instrument; readings at or beyond its ends are saturated",
    )
    normal: tuple[float, float] | None = Field(default=None, description="normal operating band")
    limits: AlarmLimits = AlarmLimits()
    process_unit: str
    role: Role = "indicator"
    controller: str | None = Field(default=None, description="control loop of a pv, op or sp")
    aggregates: tuple[Aggregate, ...] = Field(
        default=(), description="interval extremes kept beside the median, as <name>_max, <name>_min"
    )
    aliases: tuple[str, ...] = ()
    used: bool = Field(default=True, description="whether features use it")
    state: bool = Field(default=False, description="on and off, or a mode: it may stay without being frozen")

    @field_validator("name")
    @classmethod
    def _no_time(cls, name: str) -> str:
        if name.casefold() in TIME_NAMES:
            raise ValueError(
                f"{name!r} is reserved for the time of readings: expected another name, such as {name}_tag"
            )
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.range[0] < self.range[1]:
            raise ValueError(f"range: expected low < high, got {list(self.range)}")
        if self.normal is not None and not self.normal[0] < self.normal[1]:
            raise ValueError(f"normal: expected low < high, got {list(self.normal)}")
        if (self.role == "indicator") != (self.controller is None):
            raise ValueError("controller: expected for roles pv, op and sp, and only for them")
        return self

    def limit_name(self, limit: str) -> str:
        """Name of one of its alarm limits among a plant's rules, whose own are lower-case, such as `PDT31008_HH`."""
        name = f"{self.name}_{limit}"
        if len(name) <= LONGEST_RULE:
            return name
        end = f"~{zlib.crc32(self.name.encode()):08x}_{limit}"
        return self.name[: LONGEST_RULE - len(end)] + end

    @property
    def extremes(self) -> list[str]:
        """Names of its interval extremes, such as `PDT31008_max`."""
        return [f"{self.name}_{aggregate}" for aggregate in self.aggregates]


def band_text(band: tuple[float, float] | None) -> str:
    """A range for people; empty where there is none."""
    return "" if band is None else f"{band[0]:g} to {band[1]:g}"
