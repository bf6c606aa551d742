"""How a model answers, as plain data: a tree of small typed nodes over named arrays.

Belongs here: the nodes of a bundle's `scorer`, and their evaluation in float64 with NumPy and ONNX
Runtime. Doesn't belong here: files and hashes (`bundle.py`), how trained models become nodes
(`plant_assets.models.compile`), thresholds.

Every scorer takes float64 rows (rows, features) without NaN and gives (rows,), a `softmax` one (rows, classes).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from plant_assets.bundle.forests import ForestFiles
from plant_assets.bundle.neighbours import NearestDistance
from plant_assets.bundle.surprise import mean_deviation
from plant_assets.features.arrays import Floats

Scorer = Callable[[Floats], Floats]


class ScorerError(ValueError):
    """A scorer that its arrays or forests don't fit; says which array and what was expected."""


class BundleArrays:
    """Named arrays of a bundle, float64 and with the shape that a node asks for."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = arrays

    def get(self, name: str, *shape: int | None) -> Floats:
        """One array; `None` in `shape` stands for any length.

        Raises:
            ScorerError: absent, not finite, or of another shape.
        """
        if name not in self._arrays:
            raise ScorerError(f"array {name!r}: missing; expected it beside the scorer")
        array = np.ascontiguousarray(self._arrays[name], dtype=np.float64)
        fits = len(shape) == array.ndim and all(
            w in (None, h) for w, h in zip(shape, array.shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if w is None else str(w) for w in shape)
            raise ScorerError(f"array {name!r}: shape {array.shape}, expected ({wanted})")
        if not np.isfinite(array).all():
            raise ScorerError(f"array {name!r}: holds NaN or infinity; expected finite numbers")
        return array


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Node(_Plain, ABC):
    @abstractmethod
    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        """The node's evaluation for rows of `width` features."""


class ConstantNode(_Node):
    """The same answer for every row."""

    kind: Literal["constant"] = "constant"
    value: float

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        del arrays, forests, width
        return lambda rows: np.full(len(rows), self.value)


class LinearNode(_Node):
    """Rows times coefficients plus intercept, through a link; `softmax` answers (rows, classes)."""

    kind: Literal["linear"] = "linear"
    coefficients: str = Field(description="array (features,), for softmax (classes, features)")
    intercept: str = Field(description="array (1,), for softmax (classes,)")
    link: Literal["identity", "logistic", "softmax"] = "identity"

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        del forests
        if self.link == "softmax":
            matrix = arrays.get(self.coefficients, None, width).T
            offsets = arrays.get(self.intercept, matrix.shape[1])
            return lambda rows: softmax(rows @ matrix + offsets)
        vector = arrays.get(self.coefficients, width)
        offset = float(arrays.get(self.intercept, 1)[0])
        if self.link == "logistic":
            return lambda rows: logistic(rows @ vector + offset)
        return lambda rows: rows @ vector + offset


class ForestNode(_Node):
    """Trees whose leaves are summed, then `output` of (sum + offset).

    `isolation` is IsolationForest's score 2^(-sum / divisor), where leaves hold path lengths (Liu, Ting
    and Zhou 2008); higher is more anomalous. scikit-learn rounds its input to float32 and goes on in
    float64 (`rounds_input`); XGBoost compares and adds in float32 throughout (`precision`). Boosted trees split at values
    of training rows, so that features are rounded first (`decimals`): the last bits, which differ between a history's kernel
    and the newest row's, then decide nothing.
    """

    kind: Literal["forest"] = "forest"
    file: str
    precision: Literal["float32", "float64"] = "float64"
    rounds_input: bool = False
    decimals: int | None = Field(default=None, ge=0, le=12)
    output: Literal["identity", "logistic", "isolation"] = "identity"
    offset: float = 0.0
    divisor: float = Field(default=1.0, gt=0)

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        del arrays
        run = forests.load(self.file, width)
        offset = np.dtype(self.precision).type(self.offset)

        def total(rows: Floats) -> Floats:
            return (run(self.split_values(rows)) + offset).astype(np.float64)

        if self.output == "logistic":
            return lambda rows: logistic(total(rows))
        if self.output == "isolation":
            return lambda rows: np.exp2(-total(rows) / self.divisor)
        return total

    def split_values(self, rows: Floats) -> np.ndarray:
        """Rows as the trees compare them, in their precision."""
        aligned = rows if self.decimals is None else np.round(rows, self.decimals)
        with np.errstate(
            over="ignore"
        ):  # beyond float32 a number is infinite: it goes the same way at a split
            cast = aligned.astype(np.float32) if self.rounds_input else aligned
            return np.ascontiguousarray(cast, dtype=self.precision)


class NeighboursNode(_Node):
    """Mean Euclidean distance to the `k` nearest of some stored rows."""

    kind: Literal["neighbours"] = "neighbours"
    rows: str = Field(description="array (stored, features)")
    k: int = Field(ge=1)

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        del forests
        stored = arrays.get(self.rows, None, width)
        if len(stored) < self.k:
            raise ScorerError(f"array {self.rows!r}: {len(stored)} rows, expected at least k = {self.k}")
        return NearestDistance(stored, self.k)


class ResidualsNode(_Node):
    """How many features aren't where the others say they are: `share_off` of (rows - centre) @ directions."""

    kind: Literal["residuals"] = "residuals"
    centre: str = Field(description="array (features,)")
    directions: str = Field(description="array (features, residuals), in each residual's own deviations")

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        del forests
        directions = arrays.get(self.directions, width, None)
        offset = arrays.get(self.centre, width) @ directions
        return lambda rows: share_off(rows @ directions - offset)


class ScaledNode(_Node):
    """A scorer on (rows - centre) / scale."""

    kind: Literal["scaled"] = "scaled"
    centre: str
    scale: str
    scorer: "ScorerNode"

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        inner = self.scorer.build(arrays, forests, width)
        centre, scale = arrays.get(self.centre, width), arrays.get(self.scale, width)
        if not (scale > 0).all():
            raise ScorerError(f"array {self.scale!r}: expected numbers above 0")
        return lambda rows: inner((rows - centre) / scale)


class BoundedNode(_Node):
    """A scorer on `bounded` features: none counts for more than `limit`, however far out it is."""

    kind: Literal["bounded"] = "bounded"
    limit: float = Field(gt=0)
    scorer: "ScorerNode"

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        inner, limit = self.scorer.build(arrays, forests, width), self.limit
        return lambda rows: inner(soft_clip(rows, limit))


class SubsetNode(_Node):
    """A scorer on some of the features."""

    kind: Literal["among"] = "among"
    columns: str = Field(description="array (chosen,) of their positions, ascending")
    scorer: "ScorerNode"

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        columns = self.positions(arrays, width)
        inner = self.scorer.build(arrays, forests, len(columns))
        return lambda rows: inner(rows[:, columns])

    def positions(self, arrays: BundleArrays, width: int) -> NDArray[np.intp]:
        """Of the chosen features among `width`.

        Raises:
            ScorerError: the array doesn't hold ascending positions.
        """
        given = arrays.get(self.columns, None)
        columns = given.astype(np.intp)
        ascends = len(columns) > 0 and bool((np.diff(columns) > 0).all())
        if not (ascends and (columns == given).all() and columns[0] >= 0 and columns[-1] < width):
            raise ScorerError(f"array {self.columns!r}: expected ascending positions among {width} features")
        return columns


class MeanMember(_Plain):
    """One member of a mean, standardised by (score - centre) / scale, after a log if asked."""

    scorer: "ScorerNode"
    log: bool = False
    centre: float = 0.0
    scale: float = Field(default=1.0, gt=0)
    weight: float = Field(default=1.0, gt=0)


class MeanNode(_Node):
    """Weighted mean of several scores, each standardised first: of the scores themselves, or by their surprise."""

    kind: Literal["mean"] = "mean"
    parts: tuple[MeanMember, ...] = Field(min_length=1)
    by_surprise: bool = Field(
        default=False, description="as `plant_assets.bundle.surprise.mean_deviation` has it"
    )

    def build(self, arrays: BundleArrays, forests: ForestFiles, width: int) -> Scorer:
        members = [part.scorer.build(arrays, forests, width) for part in self.parts]
        centres = np.array([[part.centre] for part in self.parts])
        scales = np.array([[part.scale] for part in self.parts])
        weights = np.array([part.weight for part in self.parts])
        weights /= weights.sum()
        logs = np.array([[part.log] for part in self.parts])

        def mean(rows: Floats) -> Floats:
            values = np.array([member(rows) for member in members])
            np.log1p(values, out=values, where=logs)
            deviations = (values - centres) / scales
            return mean_deviation(deviations, weights) if self.by_surprise else weights @ deviations

        return mean


ScorerNode = Annotated[
    ConstantNode
    | LinearNode
    | ForestNode
    | NeighboursNode
    | ResidualsNode
    | ScaledNode
    | BoundedNode
    | SubsetNode
    | MeanNode,
    Field(discriminator="kind"),
]
for _node in (ScaledNode, BoundedNode, SubsetNode, MeanMember, MeanNode):
    _node.model_rebuild()


def soft_clip(rows: Floats, limit: float) -> Floats:
    """limit * tanh(row / limit): nearly as they are when small, never beyond ± `limit`.

    >>> soft_clip(np.array([0.1, 3.0, 1e9]), 6.0).round(2).tolist()
    [0.1, 2.77, 6.0]
    """
    return limit * np.tanh(rows / limit)


def share_off(residuals: Floats) -> Floats:
    """Mean of 1 - exp(-r^2 / 2) (Welsch's loss): each residual counts from 0 to 1; (rows, residuals) to (rows,)."""
    return 1.0 - np.exp(-0.5 * residuals * residuals).mean(axis=1)


def logistic(margins: Floats) -> Floats:
    """1 / (1 + e^-margin) without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * margins)


def softmax(margins: Floats) -> Floats:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
