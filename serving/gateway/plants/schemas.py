"""Plants as clients see them.

Readings are the sensors'.
"""

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Judges
from serving.sensors.schemas import TagInfo


class HorizonInfo(BaseModel):
    """A horizon with its model and threshold."""

    hours: float = Field(description="hours ahead; 0: now")
    model: str = Field(description="registered name")
    version: int | None = Field(description="serving version; null: none, or unknown")
    threshold: float | None = Field(description="alarm at or above it; null: none, or unknown")


class RuleInfo(BaseModel):
    """An alarm rule: an alarm whatever the models say."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    when: str
    description: str


class PlantInfo(BaseModel):
    name: str
    title: str
    simulated: bool
    live: bool = Field(description="whether it receives readings; /live gives their state")
    default: bool | None = Field(description="whether it is the default of /infer; null: unknown")
    ready: bool | None = Field(description="whether its champion is serving; null: unknown")
    timezone: str = Field(description="IANA time zone, such as Europe/Berlin")
    interval_s: float = Field(description="sampling interval in seconds")
    judges: Judges = Field(description="which of the given readings are scored")
    process_units: list[str] = Field(description="ordered by their first tag")
    tags: list[TagInfo]
    horizons: list[HorizonInfo] = Field(description="nearest first")
    alarm_rules: list[RuleInfo]
    fault: str = Field(
        description="fault in its changed profile, with its line; the previous profile stays in use. Empty: none"
    )


class LeftOut(BaseModel):
    name: str
    fault: str = Field(description="fault in its profile, with its line")


class PlantsAnswer(BaseModel):
    plants: list[PlantInfo]
    left_out: list[LeftOut] = Field(description="plants excluded because their profile has never been valid")
    missing: str = Field(description="why the models are unknown; otherwise empty")
    shift_starts: list[str] = Field(
        description="times of the day at which shifts start, in each plant's zone"
    )
