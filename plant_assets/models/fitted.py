"""A fitted model as its parts: what fills gaps, what scores, what calibrates, and the threshold.

Every part is plain data or a forest of trees, so that a bundle can hold it without pickle.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from plant_assets.bundle.calibration import CalibrationBand
from plant_assets.features.arrays import Floats, Labels
from plant_assets.models.calibration import ScoreCalibration
from plant_assets.models.preprocess import Preprocessor


class Estimator(ABC):
    """Scores scaled rows without NaN; higher is worse, unless its spec says `signed`."""

    kind: ClassVar[str]

    @abstractmethod
    def fit(self, rows: Floats, labels: Labels) -> Self:
        """Learn from rows (rows, features); unsupervised ones ignore the labels."""

    @abstractmethod
    def score(self, rows: Floats) -> Floats:
        """Scores (rows,); a classifier of several classes gives (rows, classes), the worst class last."""


class UnsupervisedEstimator(Estimator):
    """An estimator whose score is made of parts that are standardised on rows it hasn't seen."""

    @abstractmethod
    def parts(self, rows: Floats) -> Floats:
        """Scores of its members; (rows, members)."""

    @abstractmethod
    def standardise(self, reference: Floats) -> Self:
        """The same estimator, its parts centred and scaled on `reference` (rows, members)."""

    @abstractmethod
    def combine(self, parts: Floats) -> Floats:
        """Scores (rows,) from parts (rows, members)."""

    def score(self, rows: Floats) -> Floats:
        return self.combine(self.parts(rows))


class BaseRate(Estimator):
    """The share of alarms in training, for every row: what is left where only one class was seen."""

    kind = "constant"

    def __init__(self) -> None:
        self.value = 0.0

    def fit(self, rows: Floats, labels: Labels) -> Self:
        del rows
        self.value = (float(labels.sum()) + 0.5) / (len(labels) + 1.0)
        return self

    def score(self, rows: Floats) -> Floats:
        return np.full(len(rows), self.value)


@dataclass(frozen=True, slots=True)
class FittedModel:
    """Everything that answers for one model.

    Attributes:
        calibrator: absent where the score itself is compared with the threshold.
        threshold: alarm at or above it, on `decisions`; +inf never alarms, NaN where nothing alarms.
        band: how far the calibrated probability may be off; absent where nobody asks.
    """

    preprocess: Preprocessor
    estimator: Estimator
    calibrator: ScoreCalibration | None = None
    threshold: float = float("nan")
    band: CalibrationBand | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.preprocess.feature_names

    @property
    def calibration(self) -> str:
        """`platt`, `isotonic`, or `none` where the score itself is compared with the threshold."""
        return "none" if self.calibrator is None else self.calibrator.kind

    def scores(self, rows: Floats) -> Floats:
        """Raw scores of feature rows (rows, features), NaN = missing."""
        return self.estimator.score(self.preprocess.transform(rows))

    def decisions(self, rows: Floats) -> Floats:
        """The number compared with the threshold: calibrated probability, else the (worst class's) score."""
        return self.decide(self.scores(rows))

    def decide(self, scores: Floats) -> Floats:
        worst = scores if scores.ndim == 1 else scores[:, -1]
        return worst if self.calibrator is None else self.calibrator.probability(worst)
