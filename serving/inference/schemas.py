"""Requests and answers of the inference API, as Pydantic models.

Belongs here: shapes and bounds. Doesn't belong here: what a plant knows (`rows/inputs.py`).
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from serving.faults import Expected, unexpected

MOST_ROWS = 10_000
Value = Annotated[Annotated[float, Field(strict=True)] | str | None, Expected("a number or null")]
"""Numbers; a text is refused later with its place, but for timestamps."""


def _number_itself(value: object) -> object:
    """Pydantic would take "3" as 3, and true as 1."""
    if isinstance(value, bool | str):
        raise ValueError("expected a number")
    return value


NamedValues = Annotated[dict[str, Value], Field(max_length=5_000)]
Reading = Annotated[dict[str, Value], Field(max_length=1_000)]
# The first row at fault is enough: a million faults would take a gigabyte to tell.
Readings = Annotated[list[Reading], Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)]
_RISING: list[JsonValue] = [
    {"timestamp": f"2015-01-19T{hour:02}:00Z", "pdt31008": 231.0 + 4.5 * hour, "lt301031": 45.0 - 1.5 * hour}
    for hour in range(12)
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PredictRequest(_Request):
    """Features by name in any case, or recent raw readings that the features are computed from."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"features": {"pdt31008": 240.0, "lic31002_deviation": 1.5}}]},
    )

    features: NamedValues | None = Field(default=None, description="name → value; null or absent is imputed")
    readings: Readings | None = Field(
        default=None,
        description="raw rows one sampling interval apart, oldest first; gaps that ingest would hold are held",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.features is None) == (self.readings is None):
            wrong = (
                "both features and readings" if self.features is not None else "neither features nor readings"
            )
            raise unexpected(wrong, "one of the two")
        return self


class ForecastRequest(_Request):
    """Recent raw rows, oldest first, one sampling interval apart; at least the forecasters' window."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recent_observations": _RISING, "horizon": 1}]}
    )

    recent_observations: Readings
    horizon: Annotated[
        Annotated[int, BeforeValidator(_number_itself)] | Literal["all"],
        Expected("a whole number of hours, or 'all'"),
    ] = Field(default=1, description="hours ahead, or all")


class CrossedLimit(BaseModel):
    name: str
    description: str


class _Answer(BaseModel):
    risk_score: float = Field(description="calibrated probability, else the model's score")
    alarm: bool
    anomaly_probability: float | None = Field(description="absent where the model isn't calibrated")
    threshold: float | None = Field(description="alarm at or above it; null: never by the model")
    horizon_hours: float
    model: str
    version: int
    prediction_id: str
    plant: str
    imputed: list[str] = Field(
        description="features that were missing, and stand at their training median; `LT301031*` stands for all of "
        "the model's features that it matches"
    )
    n_imputed: int = Field(description="how many these are")
    out_of_range: list[str] = Field(description="tags whose newest value can't be true; taken as missing")


class PredictAnswer(_Answer):
    unused: list[str] = Field(description="given names that the plant knows and the model doesn't use")
    rules: list[CrossedLimit] = Field(description="hard limits that the given values cross")


class ProbabilityInterval(BaseModel):
    low: float
    high: float


class ForecastAnswer(_Answer):
    interval: ProbabilityInterval | None = Field(
        description="90 % band of the probability; null where the model has none"
    )
    n_observations: int


class ForecastsAnswer(BaseModel):
    """One forecast a horizon."""

    forecasts: list[ForecastAnswer]
    n_observations: int


class ServedModelBrief(BaseModel):
    name: str
    version: int | None = Field(description="that answers")
    aliases: list[str]
    status: Literal["ready", "stale", "failed", "loading", "absent"]
    in_memory: bool = Field(description="false: the next request waits until it is read from the disk")
    threshold: float | None = Field(default=None, description="alarm at or above it; null: never")


class ServedModel(ServedModelBrief):
    loading: int | None = Field(description="version that is being loaded now")
    loaded_at: datetime | None = Field(description="since when this version answers here")
    previous: int | None = Field(description="version kept for a rollback")
    features: list[str]
    metrics: dict[str, float]
    data_fingerprint: str
    config_sha256: str = Field(description="of the profile that it was trained with; empty: not told")
    files: dict[str, str] = Field(description="file of its bundle → sha256")
    task: str | None = None
    algorithm: str | None = None
    learning_mode: str | None = None
    horizon_hours: float | None = None
    run_id: str | None = None
    created: datetime | None = None
    fault: str = ""


class PlantSummary(BaseModel):
    name: str
    title: str
    default: bool = Field(description="whether the routes at the root are its")
    ready: bool = Field(description="whether the model answers that speaks for it")
    fault: str = Field(description="of its changed file, by line; it goes on as it was before. Empty: none")
    models: list[ServedModelBrief]


class ExcludedPlant(BaseModel):
    name: str
    fault: str = Field(description="of its file, by line")


class PlantSummariesAnswer(BaseModel):
    plants: list[PlantSummary]
    left_out: list[ExcludedPlant] = Field(description="plants whose file was never sound")


class ServedModelsAnswer(BaseModel):
    models: list[ServedModel]


class RefreshAnswer(BaseModel):
    """The aliases are looked at soon; /models shows what came of it."""

    status: Literal["accepted"] = "accepted"


class InferenceReadiness(BaseModel):
    """What answers, and what is wrong with the rest."""

    ready: bool
    plant: str
    champion: int | None = Field(description="version of the model that answers for the plant")
    models: dict[str, str] = Field(description="model → ready, stale, failed, loading or absent")
    faults: dict[str, str]
    mlflow: str = Field(description="`answers`, or what is wrong")
    profile: str = Field(description="fault of the plant's changed file, by line; empty: none")
    left_out: dict[str, str] = Field(description="other plant → fault of its file, which was never sound")
