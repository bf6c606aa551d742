"""Requests and answers of the sensors API, as Pydantic models."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plant_assets.profile.tag import Aggregate, AlarmLimits, Role
from plant_assets.simulation.scenario_names import SCENARIOS, Scenario
from serving.faults import ExpectedInput, expectation_error
from serving.scores.schemas import Quality
from serving.sensors.clock import FASTEST, SLOWEST

Speed = Annotated[float, Field(strict=True, ge=SLOWEST, le=FASTEST, allow_inf_nan=False)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActivateRequest(_Request):
    """The scenario that starts with the row in progress; `name` may stand in place of `scenario`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"scenario": "pressure_rise"}, {"name": "multi_alarm"}]},
    )

    scenario: Annotated[Scenario, ExpectedInput(f"one of {', '.join(SCENARIOS)}")]
    name: Scenario | None = Field(default=None, exclude=True, description="the same as `scenario`")

    @model_validator(mode="before")
    @classmethod
    def _take_name(cls, given: object) -> object:
        if not isinstance(given, dict) or "name" not in given:
            return given
        scenario = given.get("scenario", given["name"])
        if scenario != given["name"]:
            raise expectation_error("name and scenario differ", "one of them, or both alike")
        return {key: value for key, value in given.items() if key != "name"} | {"scenario": scenario}


class SpeedRequest(_Request):
    """Plant hours per second; 0 pauses the plant."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"hours_per_second": 0.5}]}
    )

    hours_per_second: Speed


class IntervalReading(BaseModel):
    """One complete sampling interval."""

    timestamp: datetime = Field(description="start of the interval, UTC")
    values: dict[str, float | None] = Field(
        description="each tag's median, <TAG>_max and <TAG>_min; null where missing"
    )
    quality: dict[str, Quality] = Field(description="worst quality flag of each tag")


class LiveReading(IntervalReading):
    """The newest complete interval."""

    id: int = Field(description="row number, the id of its event")
    plant: str
    plant_time: datetime = Field(description="end of the interval, UTC")
    speed: float = Field(description="plant hours per second")
    scenario: Scenario


class ReadingsAnswer(BaseModel):
    plant: str
    interval_s: float
    rows: list[IntervalReading] = Field(description="oldest first")


class TagInfo(BaseModel):
    name: str
    description: str
    unit: str
    range: tuple[float, float]
    normal: tuple[float, float] | None
    limits: AlarmLimits
    process_unit: str
    role: Role
    controller: str | None
    aggregates: tuple[Aggregate, ...]
    used: bool


class MetaAnswer(BaseModel):
    plant: str
    title: str
    interval_s: float
    speed: float
    speed_range: tuple[float, float]
    history_hours: float = Field(description="plant hours available from /sensors/history")
    flush_hours: int = Field(description="plant hours between drops of the readings; 0: never dropped")
    tags: list[TagInfo]


class ScenarioInfo(BaseModel):
    name: Scenario
    description: str
    tags: list[str] = Field(description="tags that cross their limits")
    applies: bool = Field(description="whether the plant has the tags of the scenario")


class ScenariosAnswer(BaseModel):
    active: Scenario
    since: datetime | None = Field(description="plant time of its start; null: since the plant's start")
    plant_time: datetime
    scenarios: list[ScenarioInfo]


class ActivateAnswer(BaseModel):
    scenario: Scenario
    since: datetime | None
    changed: bool = Field(description="false: the scenario was active already")


class SpeedAnswer(BaseModel):
    hours_per_second: float
    speed_range: tuple[float, float]


class SensorsReadiness(BaseModel):
    ready: bool = True
    plant: str
    plant_time: datetime
    rows: int = Field(description="number of stored rows")
    faults: dict[str, str] = Field(description="current faults: state or drop that cannot be written")
