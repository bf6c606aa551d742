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
from plant_assets.bundle.scorers import Arrays, ScorerNode, bounded, logistic
from plant_assets.bundle.surprise import deviation, surprise, surprise_slope
from plant_assets.features.arrays import Floats
from serving.explain.diagonal import Chosen, Diagonal, Outer, Split, Total
from serving.explain.distances import Nearest, Stored
from serving.explain.lines import Additive, Level, LogOdds
from serving.explain.misfits import Misfit
from serving.explain.onnx_trees import read_trees
from serving.explain.trees import Forest

Method = Literal["constant", "linear_shap", "tree_shap", "multilinear_shap"]
"""The first three are exact Shapley values; the last takes an expectation inside a function that isn't linear."""
Explain = Callable[[Floats, Floats], Diagonal]
"""From the reference and a row, (features,) each and without NaN, to the part between them."""


@dataclass(frozen=True, slots=True)
class Source:
    """What parts are built from: the bundle's arrays, the folder of its forests, and how many features it has."""

    arrays: Arrays
    folder: Path
    width: int


def part_of(node: ScorerNode, source: Source) -> Explain:
    """The explanation of one node.

    Raises:
        ScorerError: arrays don't fit.
        TreeFileError: a forest file isn't one that can be explained.
    """
    builders: dict[type, Callable[..., Explain]] = {
        scorers.Constant: _constant,
        scorers.Linear: _linear,
        scorers.Forest: _forest,
        scorers.Neighbours: _neighbours,
        scorers.Residuals: _residuals,
        scorers.Scaled: _scaled,
        scorers.Bounded: _bounded,
        scorers.Among: _among,
        scorers.Mean: _mean,
    }
    return builders[type(node)](node, source)


def method_of(node: ScorerNode) -> Method:
    """How a node's contributions are found."""
    match node:
        case scorers.Constant():
            return "constant"
        case scorers.Linear(link="identity"):
            return "linear_shap"
        case scorers.Forest(output="identity"):
            return "tree_shap"
        case scorers.Scaled() | scorers.Bounded() | scorers.Among():
            return method_of(node.scorer)
    return "multilinear_shap"


def margin_of(node: ScorerNode) -> ScorerNode | None:
    """The same node before its logistic link; None where it has none."""
    match node:
        case scorers.Scaled():
            inner = margin_of(node.scorer)
            return None if inner is None else node.model_copy(update={"scorer": inner})
        case scorers.Linear(link="logistic"):
            return node.model_copy(update={"link": "identity"})
        case scorers.Linear(link="softmax"):
            return node
        case scorers.Forest(output="logistic"):
            return node.model_copy(update={"output": "identity"})
    return None


def _constant(node: scorers.Constant, source: Source) -> Explain:
    level = Level(node.value, source.width)
    return lambda _reference, _row: level


def _linear(node: scorers.Linear, source: Source) -> Explain:
    if node.link == "softmax":
        matrix = source.arrays.get(node.coefficients, None, source.width)
        offsets = source.arrays.get(node.intercept, len(matrix))
        return lambda reference, row: LogOdds(matrix @ reference + offsets, matrix * (row - reference))
    vector = source.arrays.get(node.coefficients, source.width)
    offset = float(source.arrays.get(node.intercept, 1)[0])

    def explain(reference: Floats, row: Floats) -> Diagonal:
        margin = Additive(float(reference @ vector) + offset, vector * (row - reference))
        return _through_logistic(margin) if node.link == "logistic" else margin

    return explain


def _forest(node: scorers.Forest, source: Source) -> Explain:
    trees = read_trees(source.folder / node.file)
    rate = -np.log(2.0) / node.divisor

    def answers(row: Floats) -> np.ndarray:
        with np.errstate(over="ignore"):  # as `plant_assets.bundle.scorers.Forest` has it
            return trees.answers(
                (row.astype(np.float32) if node.rounds_input else row).astype(node.precision)
            )

    def explain(reference: Floats, row: Floats) -> Diagonal:
        leaves = Forest(trees, answers(reference), answers(row), source.width)
        total = Total([leaves], [1.0], node.offset) if node.offset else leaves
        match node.output:
            case "logistic":
                return _through_logistic(total)
            case "isolation":
                return Outer(total, lambda q: np.exp(rate * q), lambda q: rate * np.exp(rate * q))
        return total

    return explain


def _neighbours(node: scorers.Neighbours, source: Source) -> Explain:
    stored = Stored.of(source.arrays.get(node.rows, None, source.width))
    return lambda reference, row: Nearest(reference, row, stored, node.k)


def _residuals(node: scorers.Residuals, source: Source) -> Explain:
    centre = source.arrays.get(node.centre, source.width)
    directions = source.arrays.get(node.directions, source.width, None)
    return lambda reference, row: Misfit(reference - centre, row - centre, directions)


def _scaled(node: scorers.Scaled, source: Source) -> Explain:
    centre, scale = (source.arrays.get(name, source.width) for name in (node.centre, node.scale))
    inner = part_of(node.scorer, source)
    return lambda reference, row: inner((reference - centre) / scale, (row - centre) / scale)


def _bounded(node: scorers.Bounded, source: Source) -> Explain:
    inner, limit = part_of(node.scorer, source), node.limit
    return lambda reference, row: inner(bounded(reference, limit), bounded(row, limit))


def _among(node: scorers.Among, source: Source) -> Explain:
    columns = node.positions(source.arrays, source.width)
    inner = part_of(node.scorer, replace(source, width=len(columns)))
    return lambda reference, row: Chosen(inner(reference[columns], row[columns]), columns, source.width)


def _mean(node: scorers.Mean, source: Source) -> Explain:
    members = [_member(part, source, by_surprise=node.by_surprise) for part in node.parts]
    weight = sum(part.weight for part in node.parts)
    shares = [part.weight / weight for part in node.parts]

    def explain(reference: Floats, row: Floats) -> Diagonal:
        mean = Total([member(reference, row) for member in members], shares)
        if not node.by_surprise:
            return mean
        return Outer(mean, deviation, lambda surprises: 1.0 / surprise_slope(deviation(surprises)))

    return explain


def _member(part: scorers.Part, source: Source, *, by_surprise: bool) -> Explain:
    inner = part_of(part.scorer, source)

    def standardised(score: Floats) -> Floats:
        return ((np.log1p(score) if part.log else score) - part.centre) / part.scale

    def function(score: Floats) -> Floats:
        return surprise(standardised(score)) if by_surprise else standardised(score)

    def slope(score: Floats) -> Floats:
        steepness = 1.0 / (part.scale * (1.0 + score if part.log else np.ones_like(score)))
        return steepness * surprise_slope(standardised(score)) if by_surprise else steepness

    def counted(reference: Floats, row: Floats) -> Diagonal:
        return Outer(inner(reference, row), function, slope)

    # Hundreds of trees or residuals hardly scatter around their expectation.
    return (lambda reference, row: Split(counted, reference, row)) if part.log else counted


def _through_logistic(inner: Diagonal) -> Diagonal:
    return Outer(inner, logistic, lambda q: logistic(q) * logistic(-q))
