"""The request that becomes one row of a model, and what the plant advises on it, as Pydantic models."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.faults import expectation_error
from serving.inference.schemas import NamedValues, Readings, StrictRequest


class PredictRequest(StrictRequest):
    """Features by name in any case, or recent raw readings that the features are computed from."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"features": {"pdt31008": 240.0, "lic31002_deviation": 1.5}}]}
    )

    features: NamedValues | None = Field(
        default=None, description="name → value; null or missing values are imputed"
    )
    readings: Readings | None = Field(
        default=None,
        description="raw rows one sampling interval apart, oldest first; short gaps are filled with the last value, as in ingest",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.features is None) == (self.readings is None):
            wrong = (
                "both features and readings" if self.features is not None else "neither features nor readings"
            )
            raise expectation_error(wrong, "one of the two")
        return self


class OperatorAdvice(BaseModel):
    advice: str
    urgency: Literal["advice", "warning", "high"]
    check: list[str]
    why: str = Field(description="the values and the condition that they meet")
