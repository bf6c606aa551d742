"""Plants as clients see them.

Belongs here: what a profile says of a plant, and which models answer for it. Readings are the sensors'.
"""

from pydantic import BaseModel, ConfigDict, Field

from plant_assets.profile.model import Judges
from serving.sensors.schemas import TagInfo


class HorizonInfo(BaseModel):
    """One of the risks that are told of a plant."""

    hours: float = Field(description="ahead; 0 is now")
    model: str = Field(description="registered name")
    version: int | None = Field(description="that answers; null: none, or nobody knows")
    threshold: float | None = Field(description="alarm at or above it; null: never, or nobody knows")


class RuleInfo(BaseModel):
    """A label rule: an alarm whatever the models say."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    when: str
    description: str


class PlantInfo(BaseModel):
    name: str
    title: str
    simulated: bool
    live: bool = Field(description="whether live readings are of it; /live tells whether they come")
    default: bool | None = Field(description="whether /infer without `plant` is of it; null: nobody knows")
    ready: bool | None = Field(description="whether its champion answers; null: nobody knows")
    timezone: str = Field(description="of the IANA, such as Europe/Berlin")
    interval_s: float = Field(description="sampling interval")
    judges: Judges = Field(description="what of given readings is judged")
    process_units: list[str] = Field(description="in the order of their first tags")
    tags: list[TagInfo]
    horizons: list[HorizonInfo] = Field(description="the nearest first")
    alarm_rules: list[RuleInfo]
    fault: str = Field(description="of its changed file, by line; it goes on as it was before. Empty: none")


class LeftOut(BaseModel):
    name: str
    fault: str = Field(description="of its file, by line")


class PlantsAnswer(BaseModel):
    plants: list[PlantInfo]
    left_out: list[LeftOut] = Field(description="plants whose file was never sound")
    missing: str = Field(description="why nobody knows of models; empty where it is known")
