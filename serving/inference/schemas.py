"""What requests and answers of several steps share, as Pydantic models.

Belongs here: shapes and bounds. Doesn't belong here: those of one step (its `schemas.py`), what a plant knows
(`rows/inputs.py`).
"""

from typing import Annotated

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


class RowAnswer(BaseModel):
    """What a model says to one row."""

    risk_score: float = Field(description="calibrated probability, else the model's score; higher is worse")
    alarm: bool
    anomaly_probability: float | None = Field(description="null where the model isn't calibrated")
    threshold: float | None = Field(description="alarm at or above it; null: never by the model")
    horizon_hours: float
    model: str
    version: int
    prediction_id: str
    plant: str
    imputed: list[str] = Field(
        description="features that were missing and set to their training medians; `LT301031*` stands for all of "
        "the model's features that it matches"
    )
    n_imputed: int = Field(description="how many these are")
    out_of_range: list[str] = Field(
        description="tags whose newest value is outside their range; taken as missing"
    )
