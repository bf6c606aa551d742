"""Every part against the sum over all coalitions, on few features."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from serving.explain.diagonal import WEIGHTS
from serving.explain.parts import Source, part_of
from serving.scoring import scorers
from serving.scoring.forests import Forests
from serving.scoring.scorers import Arrays, Floats, ScorerNode

FEATURES = 8
GENERATOR = np.random.default_rng(11)
AXES = np.linalg.qr(GENERATOR.normal(size=(FEATURES, FEATURES)))[0]
ARRAYS = Arrays(
    {
        "coefficients": GENERATOR.normal(size=FEATURES),
        "intercept": np.array([0.3]),
        "classes": GENERATOR.normal(size=(3, FEATURES)) * 0.7,
        "offsets": np.array([0.5, -0.5, 0.2]),
        "components": AXES[:3],
        "variances": np.array([3.0, 1.5, 0.5]),
        "stored": GENERATOR.normal(size=(60, FEATURES)),
        "centre": GENERATOR.normal(size=FEATURES),
        "scale": np.full(FEATURES, 1.5),
    }
)
REFERENCE, ROW = GENERATOR.normal(size=FEATURES), GENERATOR.normal(size=FEATURES) * 2.0
MEAN_ABSOLUTE = scorers.MeanAbsolute()
T2 = scorers.Pca(components="components", variances="variances", statistic="t2")
SPE = scorers.Pca(components="components", variances="variances", statistic="spe")
NEAR = scorers.Neighbours(rows="stored", k=5)


def linear(link: str = "identity") -> scorers.Linear:
    names = ("classes", "offsets") if link == "softmax" else ("coefficients", "intercept")
    return scorers.Linear.model_validate({"coefficients": names[0], "intercept": names[1], "link": link})


def logged(node: ScorerNode) -> scorers.Mean:
    return scorers.Mean(parts=(scorers.Part(scorer=node, log=True),))


def shapley(answer: Callable[[Floats], Floats]) -> Floats:
    """The sum over all coalitions of a scorer's answers, (features,)."""
    found = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [f for f in range(FEATURES) if f != feature]
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for members in combinations(others, size):
                without = REFERENCE.copy()
                without[list(members)] = ROW[list(members)]
                having = without.copy()
                having[feature] = ROW[feature]
                low, high = answer(np.vstack([without, having]))
                found[feature] += weight * (high - low)
    return found


def found_and_expected(node: ScorerNode) -> tuple[Floats, Floats]:
    part = part_of(node, Source(ARRAYS, Path(), FEATURES))(REFERENCE, ROW)
    answer = node.build(ARRAYS, Forests(Path()), FEATURES)
    if isinstance(node, scorers.Linear) and node.link == "softmax":
        inner = answer
        answer = lambda rows: np.log(inner(rows)[:, -1]) - np.log1p(-inner(rows)[:, -1])  # noqa: E731
    ends = answer(np.vstack([REFERENCE, ROW]))
    assert part.values[[0, -1]] == pytest.approx(ends, abs=1e-9)
    return part.spread(WEIGHTS), shapley(answer)


EXACT = {
    "linear": linear(),
    "scaled": scorers.Scaled(centre="centre", scale="scale", scorer=linear()),
    "mean absolute": MEAN_ABSOLUTE,
    "T2": T2,
    "SPE": SPE,
    "mean": scorers.Mean(
        parts=(
            scorers.Part(scorer=T2, centre=2.0, scale=3.0, weight=2.0),
            scorers.Part(scorer=scorers.Scaled(centre="centre", scale="scale", scorer=MEAN_ABSOLUTE)),
        )
    ),
    "constant": scorers.Constant(value=0.4),
}
CLOSE = {
    "logistic": (linear("logistic"), 0.1),
    "softmax": (linear("softmax"), 0.03),
    "neighbours": (NEAR, 0.2),
    "log of mean absolute": (logged(MEAN_ABSOLUTE), 0.01),
    "log of T2": (logged(T2), 0.2),
    "log of SPE": (logged(SPE), 0.04),
    "log of neighbours": (logged(NEAR), 0.2),
}


@pytest.mark.parametrize("name", EXACT)
def test_parts_without_an_outer_function_are_exact(name: str) -> None:
    found, expected = found_and_expected(EXACT[name])
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", CLOSE)
def test_the_others_are_near_even_with_only_eight_features(name: str) -> None:
    node, share = CLOSE[name]
    found, expected = found_and_expected(node)
    assert np.corrcoef(found, expected)[0, 1] > 0.99
    assert np.abs(found - expected).sum() <= share * np.abs(expected).sum()
    assert found.sum() == pytest.approx(expected.sum(), rel=2e-2)
