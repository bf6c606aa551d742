"""Requests and answers of /forecast, as Pydantic models."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from serving.faults import ExpectedInput
from serving.inference.schemas import Readings, RowAnswer, StrictRequest

_RISING: list[JsonValue] = [
    {"timestamp": f"2015-01-19T{hour:02}:00Z", "pdt31008": 231.0 + 4.5 * hour, "lt301031": 45.0 - 1.5 * hour}
    for hour in range(12)
]


def _number_itself(value: object) -> object:
    """Pydantic would take "3" as 3, and true as 1."""
    if isinstance(value, bool | str):
        raise ValueError("expected a number")
    return value


class ForecastRequest(StrictRequest):
    """Recent raw rows, oldest first, one sampling interval apart; at least the forecasters' window."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recent_observations": _RISING, "horizon": 1}]}
    )

    recent_observations: Annotated[Readings, Field(min_length=1)]
    horizon: Annotated[
        Annotated[int, BeforeValidator(_number_itself)] | Literal["all"],
        ExpectedInput("a whole number of hours, or 'all'"),
    ] = Field(default=1, description="horizon in hours, or all")


class ProbabilityInterval(BaseModel):
    low: float
    high: float


class ForecastAnswer(RowAnswer):
    interval: ProbabilityInterval | None = Field(
        description="90 % interval of the probability; null if the model has none"
    )
    n_observations: int


class AllForecastsAnswer(BaseModel):
    """One forecast per horizon."""

    forecasts: list[ForecastAnswer]
    n_observations: int
