import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter

from serving.calibration import Isotonic, Platt
from serving.forests import Forests
from serving.scorers import Arrays, Linear, Scaled, ScorerError, ScorerNode, logistic, nearest_distance

VALUES = st.floats(-1e6, 1e6, allow_nan=False, width=64)


@settings(max_examples=200, deadline=None)
@given(
    stored=arrays(np.float64, st.tuples(st.integers(3, 40), st.just(4)), elements=VALUES),
    row=arrays(np.float64, 4, elements=VALUES),
    k=st.integers(1, 3),
)
def test_the_nearest_rows_are_the_nearest(stored: np.ndarray, row: np.ndarray, k: int) -> None:
    exact = np.sort(np.sqrt(((stored - row) ** 2).sum(axis=1)))[:k].mean()
    assert nearest_distance(stored, k)(row[None])[0] == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_a_stored_row_is_at_distance_zero_of_itself_and_far_rows_stay_finite() -> None:
    stored = np.random.default_rng(1).normal(size=(50, 6)) * 1e4
    assert nearest_distance(stored, 1)(stored[7:8])[0] == 0.0
    assert np.isfinite(nearest_distance(stored, 5)(np.full((1, 6), 1e90))).all()


@given(st.floats(-1e5, 1e5))
def test_logistic_is_the_logistic(margin: float) -> None:
    expected = 1.0 / (1.0 + np.exp(-np.clip(margin, -700, 700)))
    assert logistic(np.array([margin]))[0] == pytest.approx(expected, abs=1e-15)


def test_isotonic_is_level_beyond_its_knots() -> None:
    calibrator = Isotonic(scores=(0.0, 1.0), probabilities=(0.2, 0.6))
    assert calibrator.probability(np.array([-5.0, 0.5, 9.0])) == pytest.approx([0.2, 0.4, 0.6])


def test_isotonic_refuses_falling_knots() -> None:
    with pytest.raises(ValueError, match="ascending"):
        Isotonic(scores=(0.0, 1.0), probabilities=(0.6, 0.2))


def test_platt_refuses_what_is_not_finite() -> None:
    with pytest.raises(ValueError, match="finite"):
        Platt(slope=float("nan"), intercept=0.0)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({}, "array 'c': absent"),
        ({"c": np.zeros(3)}, r"array 'c': shape \(3,\), expected \(2\)"),
        ({"c": np.array([1.0, np.nan])}, "array 'c': holds NaN or infinity"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(held: dict[str, np.ndarray], message: str, tmp_path) -> None:
    node = Linear(coefficients="c", intercept="i")
    with pytest.raises(ScorerError, match=message):
        node.build(Arrays({"i": np.zeros(1), **held}), Forests(tmp_path), 2)


def test_a_scale_of_zero_is_refused(tmp_path) -> None:
    node = Scaled(centre="z", scale="z", scorer=Linear(coefficients="z", intercept="i"))
    with pytest.raises(ScorerError, match="array 'z': expected numbers above 0"):
        node.build(Arrays({"z": np.zeros(2), "i": np.zeros(1)}), Forests(tmp_path), 2)


def test_a_scorer_survives_its_json() -> None:
    node = Scaled(centre="a", scale="b", scorer=Linear(coefficients="c", intercept="d", link="softmax"))
    adapter: TypeAdapter[ScorerNode] = TypeAdapter(ScorerNode)
    assert adapter.validate_json(adapter.dump_json(node)) == node
