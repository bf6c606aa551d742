"""Requests and answers of /predict/batch, as Pydantic models."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.faults import expectation_error
from serving.inference.schemas import Confidence, NamedValues, Side, StrictRequest, Value

MOST_BATCH_ROWS = 10_000
MOST_COLUMNS = 5_000
MOST_CELLS = 10_000_000
"""Rows times columns: a column that few rows hold, or an empty one, costs few bytes to send and all to keep."""
ARROW = "application/vnd.apache.arrow.stream"

_Column = Annotated[list[Value], Field(min_length=1, max_length=MOST_BATCH_ROWS, fail_fast=True)]


class BatchRequest(StrictRequest):
    """Many rows of features by name in any case: row by row, or column by column, which is quicker."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"columns": {"pdt31008": [240.0, 251.5], "lt301031": [45.0, None]}}]}
    )

    rows: (
        Annotated[list[NamedValues], Field(min_length=1, max_length=MOST_BATCH_ROWS, fail_fast=True)] | None
    ) = None
    columns: Annotated[dict[str, _Column], Field(min_length=1, max_length=MOST_COLUMNS)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.rows is None) == (self.columns is None):
            wrong = "both rows and columns" if self.rows is not None else "neither rows nor columns"
            raise expectation_error(wrong, "one of the two")
        return self


@dataclass(frozen=True, slots=True)
class BadBatchColumn:
    """The rows of a column that are beyond one side of its range, and the alarm rules and limits that count as met or crossed on some."""

    name: str
    side: Side
    rows: int
    crossed: list[str]


class BatchSummary(BaseModel):
    """What holds for all rows of a batch."""

    threshold: float | None
    horizon_hours: float
    model: str
    version: int
    prediction_id: str = Field(description="id of the whole batch")
    plant: str
    imputed: list[str] = Field(description="inputs without a value in any row; otherwise as for /predict")
    n_imputed: int = Field(description="number of imputed inputs")
    unused: list[str]
    out_of_range: dict[str, int] = Field(
        description="tag → rows whose value is outside its valid range; treated as missing"
    )
    bad_signals: list[BadBatchColumn] = Field(description="values outside their valid range, by tag and side")


class BatchAnswer(BatchSummary):
    """One entry per row, in the order of the request; null for a row without any usable value."""

    n_rows: int
    risk_score: list[float | None]
    alarm: list[bool | None] = Field(
        description="also true if an alarm rule or limit counts as met or crossed because of a bad signal, even if other inputs are missing"
    )
    confidence: list[Confidence] = Field(description="confidence of each row's response, as for /predict")
    anomaly_probability: list[float | None] | None = Field(description="null if the model is not calibrated")
    rules: list[list[str]] = Field(
        description="names of the alarm rules that each row meets, and of alarm limits that count as crossed because of a bad signal"
    )
