"""Scores to probabilities, in float64 and as plain data.

Belongs here: the calibrators that a bundle may hold. Doesn't belong here: fitting them.
"""

from abc import ABC, abstractmethod
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from plant_assets.bundle.scorers import logistic
from plant_assets.features.arrays import Floats


class _Calibrator(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @abstractmethod
    def probability(self, scores: Floats) -> Floats:
        """Probabilities (rows,) of scores (rows,)."""


class PlattCalibrator(_Calibrator):
    """logistic(slope * score + intercept) (Platt 1999)."""

    kind: Literal["platt"] = "platt"
    slope: float
    intercept: float

    def probability(self, scores: Floats) -> Floats:
        return logistic(self.slope * scores + self.intercept)


class IsotonicCalibrator(_Calibrator):
    """Straight lines between knots, level beyond the ends."""

    kind: Literal["isotonic"] = "isotonic"
    scores: tuple[float, ...] = Field(min_length=1)
    probabilities: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.scores) != len(self.probabilities):
            raise ValueError("expected as many probabilities as scores")
        if list(self.scores) != sorted(self.scores) or list(self.probabilities) != sorted(self.probabilities):
            raise ValueError("expected ascending scores and probabilities")
        return self

    def probability(self, scores: Floats) -> Floats:
        return np.interp(scores, self.scores, self.probabilities)


class CalibrationBand(BaseModel):
    """How far a calibrated probability may be off: 90 % of the calibrators that training could have found.

    Knots (knots,), joined by straight lines; it holds the calibrator's doubt, not the model's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    probability: tuple[float, ...] = Field(min_length=2)
    low: tuple[float, ...]
    high: tuple[float, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not len(self.probability) == len(self.low) == len(self.high):
            raise ValueError("expected low and high for each probability")
        if list(self.probability) != sorted(self.probability):
            raise ValueError("expected ascending probabilities")
        rows = zip(self.low, self.probability, self.high, strict=True)
        if any(not 0 <= low <= middle <= high <= 1 for low, middle, high in rows):
            raise ValueError("expected 0 <= low <= probability <= high <= 1")
        return self

    def around(self, probability: float) -> tuple[float, float]:
        """Low and high end; the probability itself lies between them, also beyond the knots."""
        low, high = (float(np.interp(probability, self.probability, ends)) for ends in (self.low, self.high))
        return min(low, probability), max(high, probability)


Calibrator = Annotated[PlattCalibrator | IsotonicCalibrator, Field(discriminator="kind")]
