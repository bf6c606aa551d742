"""A bundle's scorer as parts along the diagonal: one builder a node of `plant_assets.bundle.scorers`.

Belongs here: what a part needs of arrays and forests, prepared once a bundle. Doesn't belong here: the parts'
mathematics (`lines.py`, `distances.py`, `trees.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from plant_assets.bundle import scorers
from plant_assets.bundle.scorers import BundleArrays, ScorerNode, logistic, soft_clip
from plant_assets.bundle.surprise import deviation, surprise, surprise_slope
from plant_assets.explain.diagonal import DiagonalPart, OuterPart, SplitPart, SubsetPart, SumPart
from plant_assets.explain.distances import NearestPart, StoredRows
from plant_assets.explain.lines import AdditivePart, ConstantPart, LogOddsPart
from plant_assets.explain.onnx_trees import read_trees
from plant_assets.explain.outliers import ResidualsPart
from plant_assets.explain.trees import ForestPart
from plant_assets.features.arrays import Floats

Method = Literal["constant", "linear_shap", "tree_shap", "multilinear_shap"]
"""The first three are exact Shapley values; the last takes an expectation inside a function that isn't linear."""
Explain = Callable[[Floats, Floats], DiagonalPart]
"""From the reference and a row, (features,) each and without NaN, to the part between them."""


@dataclass(frozen=True, slots=True)
class PartSource:
    """What parts are built from: the bundle's arrays, the folder of its forests, and how many features it has."""

    arrays: BundleArrays
    folder: Path
    width: int


def part_of(node: ScorerNode, source: PartSource) -> Explain:
    """The explanation of one node.

    Raises:
        ScorerError: arrays don't fit.
        TreeFileError: a forest file isn't one that can be explained.
    """
    builders: dict[type, Callable[..., Explain]] = {
        scorers.ConstantNode: _constant_part,
        scorers.LinearNode: _linear_part,
        scorers.ForestNode: _forest_part,
        scorers.NeighboursNode: _neighbours_part,
        scorers.ResidualsNode: _residuals_part,
        scorers.ScaledNode: _scaled_part,
        scorers.BoundedNode: _bounded_part,
        scorers.SubsetNode: _subset_part,
        scorers.MeanNode: _mean_part,
    }
    return builders[type(node)](node, source)


def method_of(node: ScorerNode) -> Method:
    """How a node's contributions are found."""
    match node:
        case scorers.ConstantNode():
            return "constant"
        case scorers.LinearNode(link="identity"):
            return "linear_shap"
        case scorers.ForestNode(output="identity"):
            return "tree_shap"
        case scorers.ScaledNode() | scorers.BoundedNode() | scorers.SubsetNode():
            return method_of(node.scorer)
    return "multilinear_shap"


def margin_of(node: ScorerNode) -> ScorerNode | None:
    """The same node before its logistic link; None where it has none."""
    match node:
        case scorers.ScaledNode():
            inner = margin_of(node.scorer)
            return None if inner is None else node.model_copy(update={"scorer": inner})
        case scorers.LinearNode(link="logistic"):
            return node.model_copy(update={"link": "identity"})
        case scorers.LinearNode(link="softmax"):
            return node
        case scorers.ForestNode(output="logistic"):
            return node.model_copy(update={"output": "identity"})
    return None


def _constant_part(node: scorers.ConstantNode, source: PartSource) -> Explain:
    level = ConstantPart(node.value, source.width)
    return lambda _reference, _row: level


def _linear_part(node: scorers.LinearNode, source: PartSource) -> Explain:
    if node.link == "softmax":
        matrix = source.arrays.get(node.coefficients, None, source.width)
        offsets = source.arrays.get(node.intercept, len(matrix))
        return lambda reference, row: LogOddsPart(matrix @ reference + offsets, matrix * (row - reference))
    vector = source.arrays.get(node.coefficients, source.width)
    offset = float(source.arrays.get(node.intercept, 1)[0])

    def explain(reference: Floats, row: Floats) -> DiagonalPart:
        margin = AdditivePart(float(reference @ vector) + offset, vector * (row - reference))
        return _through_logistic(margin) if node.link == "logistic" else margin

    return explain


def _forest_part(node: scorers.ForestNode, source: PartSource) -> Explain:
    trees = read_trees(source.folder / node.file)
    rate = -np.log(2.0) / node.divisor

    def answers(row: Floats) -> np.ndarray:
        return trees.answers(node.split_values(row))

    def explain(reference: Floats, row: Floats) -> DiagonalPart:
        leaves = ForestPart(trees, answers(reference), answers(row), source.width)
        total = SumPart([leaves], [1.0], node.offset) if node.offset else leaves
        match node.output:
            case "logistic":
                return _through_logistic(total)
            case "isolation":
                return OuterPart(total, lambda q: np.exp(rate * q), lambda q: rate * np.exp(rate * q))
        return total

    return explain


def _neighbours_part(node: scorers.NeighboursNode, source: PartSource) -> Explain:
    stored = StoredRows.of(source.arrays.get(node.rows, None, source.width))
    return lambda reference, row: NearestPart(reference, row, stored, node.k)


def _residuals_part(node: scorers.ResidualsNode, source: PartSource) -> Explain:
    centre = source.arrays.get(node.centre, source.width)
    directions = source.arrays.get(node.directions, source.width, None)
    return lambda reference, row: ResidualsPart(reference - centre, row - centre, directions)


def _scaled_part(node: scorers.ScaledNode, source: PartSource) -> Explain:
    centre, scale = (source.arrays.get(name, source.width) for name in (node.centre, node.scale))
    inner = part_of(node.scorer, source)
    return lambda reference, row: inner((reference - centre) / scale, (row - centre) / scale)


def _bounded_part(node: scorers.BoundedNode, source: PartSource) -> Explain:
    inner, limit = part_of(node.scorer, source), node.limit
    return lambda reference, row: inner(soft_clip(reference, limit), soft_clip(row, limit))


def _subset_part(node: scorers.SubsetNode, source: PartSource) -> Explain:
    columns = node.positions(source.arrays, source.width)
    inner = part_of(node.scorer, replace(source, width=len(columns)))
    return lambda reference, row: SubsetPart(inner(reference[columns], row[columns]), columns, source.width)


def _mean_part(node: scorers.MeanNode, source: PartSource) -> Explain:
    members = [_member_part(part, source, by_surprise=node.by_surprise) for part in node.parts]
    weight = sum(part.weight for part in node.parts)
    shares = [part.weight / weight for part in node.parts]

    def explain(reference: Floats, row: Floats) -> DiagonalPart:
        mean = SumPart([member(reference, row) for member in members], shares)
        if not node.by_surprise:
            return mean
        return OuterPart(mean, deviation, lambda surprises: 1.0 / surprise_slope(deviation(surprises)))

    return explain


def _member_part(part: scorers.MeanMember, source: PartSource, *, by_surprise: bool) -> Explain:
    inner = part_of(part.scorer, source)

    def standardise(score: Floats) -> Floats:
        return ((np.log1p(score) if part.log else score) - part.centre) / part.scale

    def function(score: Floats) -> Floats:
        return surprise(standardise(score)) if by_surprise else standardise(score)

    def slope(score: Floats) -> Floats:
        steepness = 1.0 / (part.scale * (1.0 + score if part.log else np.ones_like(score)))
        return steepness * surprise_slope(standardise(score)) if by_surprise else steepness

    def standardised_part(reference: Floats, row: Floats) -> DiagonalPart:
        return OuterPart(inner(reference, row), function, slope)

    # Hundreds of trees or residuals hardly scatter around their expectation.
    return (
        (lambda reference, row: SplitPart(standardised_part, reference, row))
        if part.log
        else standardised_part
    )


def _through_logistic(inner: DiagonalPart) -> DiagonalPart:
    return OuterPart(inner, logistic, lambda q: logistic(q) * logistic(-q))
