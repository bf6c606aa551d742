"""Why a model's score is what it is: what each feature and each tag adds to the score of the training medians.

Belongs here: a bundle's explainer and its answers, and the tags under which contributions are summed. Doesn't belong here: requests (`serving.inference`), the
mathematics (`diagonal.py` and its parts). docs/explain.md says what the numbers mean.
"""

import threading
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from plant_assets.bundle.bundle import Bundle
from plant_assets.bundle.calibration import PlattCalibrator
from plant_assets.explain.diagonal import WEIGHTS, DiagonalPart, SumPart
from plant_assets.explain.parts import Explain, Method, PartSource, margin_of, method_of, part_of
from plant_assets.features.arrays import Floats, Index
from plant_assets.profile.model import PlantProfile

Space = Literal["log_odds", "score"]


@dataclass(frozen=True, slots=True)
class FeatureDriver:
    """One feature's share in an answer.

    Attributes:
        value: as given, the training median where it was missing.
        contribution: what it adds, in the explanation's space.
    """

    feature: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class TagDriver:
    """What all features of one tag, or of one controller's deviation, add together."""

    tag: str
    contribution: float


@dataclass(frozen=True, slots=True)
class ScoreExplanation:
    """An answer taken apart: `base_value` plus all contributions is `output`.

    Attributes:
        base_value: the answer to the unit's training medians.
        output: the answer to the row.
        space: `log_odds` of the decision's probability, or the raw `score` of a model without one.
        contributions: every feature, the largest in magnitude first.
        tags: sums by tag, the largest in magnitude first.
    """

    base_value: float
    output: float
    space: Space
    method: Method
    contributions: tuple[FeatureDriver, ...]
    tags: tuple[TagDriver, ...]


@dataclass(frozen=True, slots=True)
class ExplainedRows:
    """Contributions of many rows, each exact as in a `ScoreExplanation`.

    Attributes:
        names: of the features.
        values: as given, the training median where one was missing; (rows, features).
        contributions: in the explanation's space; (rows, features).
    """

    names: tuple[str, ...]
    values: Floats
    contributions: Floats

    @property
    def largest_first(self) -> Index:
        """Positions of the features, the largest mean magnitude of contributions first."""
        return np.argsort(-np.abs(self.contributions).mean(axis=0), kind="stable")


@dataclass(frozen=True, slots=True)
class GlobalImportance:
    """Mean magnitude of contributions over the bundle's reference rows, as shares that sum to 1.

    All are 0 where nothing moves the answer. `rows` is how many rows were explained.
    """

    features: tuple[tuple[str, float], ...]
    tags: tuple[tuple[str, float], ...]
    rows: int


class TagOwners:
    """Tags and controllers of a plant, found by the names of features."""

    def __init__(self, profile: PlantProfile) -> None:
        sources = {tag.name: tag.name for tag in profile.tags}
        sources |= {f"{controller}_deviation": controller for controller in profile.controllers}
        self._sources = sorted(sources.items(), key=lambda item: len(item[0]), reverse=True)

    def of(self, feature: str) -> str:
        """The tag that a feature is made of; of a deviation the controller; else the feature's own name.

        Names begin with their source, in features, in windows and in extremes: the longest that fits is meant.
        """
        for source, owner in self._sources:
            if feature == source or feature.startswith(f"{source}_"):
                return owner
        return feature


class ScoreExplainer:
    """Explains the answers of one bundle; safe to use from several threads.

    Args:
        explain: from reference and row to the part between them, in `space`.
        space: what contributions are counted in.
    """

    def __init__(self, explain: Explain, bundle: Bundle, space: Space, method: Method) -> None:
        self.space: Space = space
        self.method: Method = method
        self._explain, self._bundle = explain, bundle
        self._names = np.array(bundle.names)
        owners = TagOwners(bundle.manifest.profile)
        self._tags, self._places = np.unique([owners.of(name) for name in bundle.names], return_inverse=True)
        self._importance: GlobalImportance | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """The explainer of a loaded bundle, warm. Reads the bundle's forests, so its folder must still be there.

        Raises:
            ScorerError: arrays don't fit.
            TreeFileError: a forest file can't be explained.
        """
        scorer, calibrator = bundle.manifest.scorer, bundle.manifest.calibrator
        source = PartSource(bundle.arrays, bundle.folder, len(bundle.names))
        margin = margin_of(scorer) if calibrator is None else None
        explain, space = part_of(margin or scorer, source), "log_odds" if margin else "score"
        if isinstance(calibrator, PlattCalibrator):
            explain, space = _calibrate(explain, calibrator), "log_odds"
        made = cls(explain, bundle, space, method_of(margin or scorer))
        made.explain(bundle.reference_rows[0])
        return made

    def explain(self, row: Floats) -> ScoreExplanation:
        """Take the answer to a row (features,) apart; NaN and infinity are set to the training median.

        Raises:
            ValueError: another number of features than the bundle's.
        """
        if row.shape != self._names.shape:
            raise ValueError(f"row: shape {row.shape}, expected ({len(self._names)},)")
        filled = self._bundle.impute(row)
        worths, ends = self._worths(filled)
        sums = self.by_tag(worths)
        return ScoreExplanation(
            base_value=float(ends[0]),
            output=float(ends[1]),
            space=self.space,
            method=self.method,
            contributions=tuple(map(FeatureDriver, *_by_size(worths, self._names, filled, worths))),
            tags=tuple(map(TagDriver, *_by_size(sums, self._tags, sums))),
        )

    def global_importance(self) -> GlobalImportance:
        """How much each feature and tag moves the answer, over the reference rows; computed once."""
        with self._lock:
            if self._importance is None:
                self._importance = self._mean_magnitude()
            return self._importance

    def explain_reference_rows(self) -> ExplainedRows:
        """The bundle's reference rows, each explained; those without any value are left out."""
        rows = self._bundle.reference_rows
        values = np.array([self._bundle.impute(row) for row in rows[np.isfinite(rows).any(axis=1)]]).reshape(
            -1, len(self._names)
        )
        found = np.array([self._worths(row)[0] for row in values]).reshape(values.shape)
        return ExplainedRows(tuple(self._names.tolist()), values, found)

    def part(self, row: Floats) -> DiagonalPart:
        """The way from the medians to a row (features,), before sums are made exact."""
        return self._explain(self._bundle.fill, self._bundle.impute(row))

    def _worths(self, filled: Floats) -> tuple[Floats, Floats]:
        """Contributions (features,) and the two answers that they lie between."""
        part = self.part(filled)
        worths, ends = part.spread(WEIGHTS), part.values[[0, -1]]
        sizes = np.abs(worths)
        if (total := sizes.sum()) > 0:
            # What rounding and the points of the integral leave, in proportion: sums are exact.
            worths = worths + (ends[1] - ends[0] - worths.sum()) * (sizes / total)
        return worths, ends

    def by_tag(self, worths: Floats) -> Floats:
        """Sums of contributions (features,) by tag, in the order of the tags' names."""
        return np.bincount(self._places, worths, minlength=len(self._tags)).astype(np.float64)

    def _mean_magnitude(self) -> GlobalImportance:
        found = self.explain_reference_rows().contributions
        sums = np.array([self.by_tag(worths) for worths in found])
        return GlobalImportance(_shares(self._names, found), _shares(self._tags, sums), len(found))


def _calibrate(explain: Explain, platt: PlattCalibrator) -> Explain:
    """Platt's sigmoid is linear in the score before its logistic: log-odds are a scaled score."""

    def scaled(reference: Floats, row: Floats) -> DiagonalPart:
        return SumPart([explain(reference, row)], [platt.slope], platt.intercept)

    return scaled


def _by_size(sizes: Floats, *columns: np.ndarray) -> list[list]:
    """Columns in the order of falling magnitude, as Python's own numbers and texts."""
    order = np.argsort(-np.abs(sizes), kind="stable")
    return [column[order].tolist() for column in columns]


def _shares(names: np.ndarray, worths: Floats) -> tuple[tuple[str, float], ...]:
    sizes = np.abs(worths).mean(axis=0)
    shares = sizes / (sizes.sum() or 1.0)
    return tuple(zip(*_by_size(shares, names, shares), strict=True))
