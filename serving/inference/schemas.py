"""What requests and answers of several steps share, as Pydantic models."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.faults import ExpectedInput

MOST_ROWS = 10_000
Value = Annotated[Annotated[float, Field(strict=True)] | str | None, ExpectedInput("a number or null")]
"""Numbers; a text is refused later with its place, but for timestamps."""
NamedValues = Annotated[dict[str, Value], Field(max_length=5_000)]
Reading = Annotated[dict[str, Value], Field(max_length=1_000)]
# The first row at fault is enough: a million faults would take a gigabyte to tell.
Readings = Annotated[list[Reading], Field(max_length=MOST_ROWS, fail_fast=True)]


class StrictRequest(BaseModel):
    """A request whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Side = Literal["low", "high"]
Confidence = Literal["full", "reduced", "none"]
ConfidenceField = Annotated[
    Confidence,
    Field(
        description="confidence of the response: `reduced` beside a bad signal; `none` where more than half of "
        "the inputs, or all of the newest reading, are missing: a low score is then meaningless"
    ),
]


class BadSignal(BaseModel):
    """A value beyond its physical range: it is taken as missing, and alarm rules and limits on its side count as met or crossed."""

    name: str = Field(description="tag, interval extreme, deviation or feature")
    value: float = Field(description="as given")
    side: Side = Field(description="of its range")
    range: tuple[float, float] = Field(description="what can physically be true")
    crossed: list[str] = Field(
        description="what counts as met or crossed until a sound value shows otherwise: names of alarm rules, else the "
        "tag's own alarm limits, as `HH 300`"
    )


class RowAnswer(BaseModel):
    """What a model says to one row."""

    risk_score: float = Field(
        description="calibrated probability, otherwise the model's score; higher is worse"
    )
    alarm: bool = Field(
        description="the score is at or above the threshold, or an alarm rule or limit counts as met or crossed because of a bad "
        "signal; for /predict also: an alarm rule is met"
    )
    confidence: ConfidenceField
    anomaly_probability: float | None = Field(description="null if the model is not calibrated")
    threshold: float | None = Field(description="alarm at or above it; null: no threshold")
    horizon_hours: float
    model: str
    version: int
    prediction_id: str
    plant: str
    imputed: list[str] = Field(
        description="features that were missing and set to their training medians; `LT301031*` stands for all of "
        "the model's features that it matches"
    )
    n_imputed: int = Field(description="number of imputed features")
    out_of_range: list[str] = Field(
        description="tags whose newest value is outside the valid range; treated as missing"
    )
    bad_signals: list[BadSignal] = Field(
        description="these values, and the alarm rules and limits that count as met or crossed"
    )
