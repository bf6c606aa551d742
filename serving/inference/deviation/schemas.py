"""Answers of /deviation, as Pydantic models."""

from pydantic import BaseModel, Field

from serving.inference.schemas import BadSignal, ConfidenceField


class DeviationAnswer(BaseModel):
    """A controller's deviation one sampling interval ahead; it is no risk, so there is no alarm."""

    deviation: float = Field(description="set point minus process value, in the controller's unit")
    controller: str
    unit: str
    horizon_hours: float
    confidence: ConfidenceField
    model: str
    version: int
    prediction_id: str
    plant: str
    imputed: list[str] = Field(description="features that were missing and set to their training medians")
    n_imputed: int = Field(description="number of imputed features")
    out_of_range: list[str] = Field(description="tags whose newest value is outside the valid range")
    bad_signals: list[BadSignal] = Field(description="these values")
