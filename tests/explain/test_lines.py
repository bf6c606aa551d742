"""Every part against the sum over all coalitions, on few features."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from plant_assets.bundle import scorers
from plant_assets.bundle.forests import ForestFiles
from plant_assets.bundle.scorers import BundleArrays, ScorerNode
from plant_assets.explain.diagonal import SHARES, WEIGHTS
from plant_assets.explain.lines import LogOddsPart
from plant_assets.explain.parts import PartSource, part_of
from plant_assets.features.arrays import Floats

FEATURES = 8
GENERATOR = np.random.default_rng(11)
WHOLE = {
    "coefficients": GENERATOR.normal(size=FEATURES),
    "intercept": np.array([0.3]),
    "classes": GENERATOR.normal(size=(3, FEATURES)) * 0.7,
    "offsets": np.array([0.5, -0.5, 0.2]),
    "stored": GENERATOR.normal(size=(60, FEATURES)),
    "centre": GENERATOR.normal(size=FEATURES),
    "scale": np.full(FEATURES, 1.5),
}
VIEWS = {
    "odd": np.arange(1.0, FEATURES, 2),
    "even": np.arange(0.0, FEATURES, 2),
    "stored odd": WHOLE["stored"][:, 1::2],
    "stored even": WHOLE["stored"][:, ::2],
    "coefficients odd": WHOLE["coefficients"][1::2],
    "directions": np.random.default_rng(12).normal(size=(FEATURES, FEATURES)) * 0.7,
}
ARRAYS = BundleArrays({**WHOLE, **VIEWS})
REFERENCE, ROWS = GENERATOR.normal(size=FEATURES), GENERATOR.normal(size=(9, FEATURES)) * 2.0
NEAR = scorers.NeighboursNode(rows="stored", k=5)
RESIDUALS = scorers.ResidualsNode(centre="centre", directions="directions")


def linear(link: str = "identity") -> scorers.LinearNode:
    names = ("classes", "offsets") if link == "softmax" else ("coefficients", "intercept")
    return scorers.LinearNode.model_validate({"coefficients": names[0], "intercept": names[1], "link": link})


def logged(*nodes: ScorerNode, by_surprise: bool = False) -> scorers.MeanNode:
    parts = tuple(scorers.MeanMember(scorer=node, log=True, centre=1.3, scale=0.3) for node in nodes)
    return scorers.MeanNode(parts=parts, by_surprise=by_surprise)


def among(columns: str, rows: str) -> scorers.SubsetNode:
    return scorers.SubsetNode(columns=columns, scorer=scorers.NeighboursNode(rows=rows, k=5))


def shapley(answer: Callable[[Floats], Floats], row: Floats) -> Floats:
    """The sum over all coalitions of a scorer's answers, (features,)."""
    found = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [f for f in range(FEATURES) if f != feature]
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for members in combinations(others, size):
                without = REFERENCE.copy()
                without[list(members)] = row[list(members)]
                having = without.copy()
                having[feature] = row[feature]
                low, high = answer(np.vstack([without, having]))
                found[feature] += weight * (high - low)
    return found


def found_and_expected(node: ScorerNode, row: Floats) -> tuple[Floats, Floats]:
    part = part_of(node, PartSource(ARRAYS, Path(), FEATURES))(REFERENCE, row)
    answer = node.build(ARRAYS, ForestFiles(Path()), FEATURES)
    if isinstance(node, scorers.LinearNode) and node.link == "softmax":
        inner = answer
        answer = lambda rows: np.log(inner(rows)[:, -1]) - np.log1p(-inner(rows)[:, -1])  # noqa: E731
    ends = answer(np.vstack([REFERENCE, row]))
    assert part.values[[0, -1]] == pytest.approx(ends, abs=1e-9)
    return part.spread(WEIGHTS), shapley(answer, row)


EXACT = {
    "linear": linear(),
    "scaled": scorers.ScaledNode(centre="centre", scale="scale", scorer=linear()),
    "bounded": scorers.BoundedNode(limit=1.5, scorer=linear()),
    "mean": scorers.MeanNode(
        parts=(
            scorers.MeanMember(scorer=linear(), centre=2.0, scale=3.0, weight=2.0),
            scorers.MeanMember(scorer=scorers.ScaledNode(centre="centre", scale="scale", scorer=linear())),
        )
    ),
    "among": scorers.SubsetNode(
        columns="odd", scorer=scorers.LinearNode(coefficients="coefficients odd", intercept="intercept")
    ),
    "constant": scorers.ConstantNode(value=0.4),
}
CLOSE = {
    "logistic": (linear("logistic"), 0.25),
    "softmax": (linear("softmax"), 0.03),
    "neighbours": (NEAR, 0.2),
    "log of neighbours": (logged(NEAR), 0.2),
    "log of bounded neighbours": (logged(scorers.BoundedNode(limit=1.5, scorer=NEAR)), 0.2),
    "residuals": (RESIDUALS, 0.2),
    "bounded residuals": (scorers.BoundedNode(limit=1.5, scorer=RESIDUALS), 0.2),
    "two views": (logged(among("odd", "stored odd"), among("even", "stored even")), 0.2),
    "two views by surprise": (
        logged(among("odd", "stored odd"), among("even", "stored even"), by_surprise=True),
        0.2,
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_parts_without_an_outer_function_are_exact(name: str) -> None:
    for row in ROWS:
        found, expected = found_and_expected(EXACT[name], row)
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", CLOSE)
def test_the_others_are_near_even_with_only_eight_features(name: str) -> None:
    node, share = CLOSE[name]
    pairs = [found_and_expected(node, row) for row in ROWS]
    off = [np.abs(found - expected).sum() / np.abs(expected).sum() for found, expected in pairs]
    assert np.median(off) <= share
    assert np.median([np.corrcoef(pair)[0, 1] for pair in pairs]) > 0.97
    for found, expected in pairs:
        assert np.abs(found.sum() - expected.sum()) <= 0.03 * np.abs(expected).sum()


def test_margins_that_fall_far_below_the_reference_keep_their_log_odds() -> None:
    part = LogOddsPart(np.zeros(3), np.array([[-2000.0], [-2000.0], [0.0]]))
    assert part.values == pytest.approx(2000 * SHARES - np.log(2), abs=1e-9)
    assert part.spread(WEIGHTS) == pytest.approx([2000 * WEIGHTS.sum()])
