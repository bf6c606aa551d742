import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from plant_assets.bundle.calibration import IsotonicCalibrator, PlattCalibrator
from plant_assets.bundle.forests import ForestFiles
from plant_assets.bundle.scorers import (
    BoundedNode,
    BundleArrays,
    ConstantNode,
    LinearNode,
    MeanNode,
    ScaledNode,
    ScorerError,
    ScorerNode,
    SubsetNode,
    logistic,
    soft_clip,
)


@given(st.floats(-1e5, 1e5))
def test_logistic_is_the_logistic(margin: float) -> None:
    expected = 1.0 / (1.0 + np.exp(-np.clip(margin, -700, 700)))
    assert logistic(np.array([margin]))[0] == pytest.approx(expected, abs=1e-15)


def test_isotonic_is_level_beyond_its_knots() -> None:
    calibrator = IsotonicCalibrator(scores=(0.0, 1.0), probabilities=(0.2, 0.6))
    assert calibrator.probability(np.array([-5.0, 0.5, 9.0])) == pytest.approx([0.2, 0.4, 0.6])


def test_isotonic_refuses_falling_knots() -> None:
    with pytest.raises(ValueError, match="ascending"):
        IsotonicCalibrator(scores=(0.0, 1.0), probabilities=(0.6, 0.2))


def test_platt_refuses_what_is_not_finite() -> None:
    with pytest.raises(ValueError, match="finite"):
        PlattCalibrator(slope=float("nan"), intercept=0.0)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({}, "array 'c': missing"),
        ({"c": np.zeros(3)}, r"array 'c': shape \(3,\), expected \(2\)"),
        ({"c": np.array([1.0, np.nan])}, "array 'c': holds NaN or infinity"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(held: dict[str, np.ndarray], message: str, tmp_path) -> None:
    node = LinearNode(coefficients="c", intercept="i")
    with pytest.raises(ScorerError, match=message):
        node.build(BundleArrays({"i": np.zeros(1), **held}), ForestFiles(tmp_path), 2)


@pytest.mark.parametrize("columns", [[], [0.5], [1, 0], [1, 1], [-1, 0], [0, 2]])
def test_columns_that_are_no_ascending_positions_are_refused(columns: list[float], tmp_path) -> None:
    arrays = BundleArrays({"columns": np.array(columns, dtype=np.float64)})
    node = SubsetNode(columns="columns", scorer=ConstantNode(value=1.0))
    with pytest.raises(ScorerError, match="array 'columns': expected ascending positions among 2 features"):
        node.build(arrays, ForestFiles(tmp_path), 2)


def test_a_scorer_among_some_columns_reads_those_alone(tmp_path) -> None:
    arrays = BundleArrays({"columns": np.array([0.0, 2.0]), "c": np.array([1.0, 10.0]), "i": np.zeros(1)})
    inner = {"kind": "linear", "coefficients": "c", "intercept": "i", "link": "identity"}
    node = SubsetNode.model_validate({"kind": "among", "columns": "columns", "scorer": inner})
    assert node.build(arrays, ForestFiles(tmp_path), 3)(np.array([[1.0, 500.0, 2.0]])) == pytest.approx(
        [21.0]
    )


def test_a_member_of_a_mean_counts_without_a_log_unless_asked(tmp_path) -> None:
    member = {"scorer": {"kind": "constant", "value": 3.0}}
    node = MeanNode.model_validate({"kind": "mean", "parts": [member, {**member, "log": True}]})
    score = node.build(BundleArrays({}), ForestFiles(tmp_path), 1)
    assert score(np.zeros((2, 1))) == pytest.approx([(3.0 + np.log(4.0)) / 2] * 2)


def test_a_scale_of_zero_is_refused(tmp_path) -> None:
    node = ScaledNode(centre="z", scale="z", scorer=LinearNode(coefficients="z", intercept="i"))
    with pytest.raises(ScorerError, match="array 'z': expected numbers above 0"):
        node.build(BundleArrays({"z": np.zeros(2), "i": np.zeros(1)}), ForestFiles(tmp_path), 2)


@given(st.floats(allow_nan=False), st.floats(1, 1e3))
def test_bounded_features_keep_their_order_and_never_leave_the_bound(value: float, limit: float) -> None:
    found = soft_clip(np.array([value, value / 2, 0.0, limit / 100]), limit)
    assert (np.abs(found) <= limit).all()
    assert abs(found[0]) >= abs(found[1])
    assert found[2] == 0.0
    assert found[3] == pytest.approx(limit / 100, rel=1e-4)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_bound_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=r"limit\n.*greater than 0"):
        BoundedNode(limit=limit, scorer=ConstantNode(value=1.0))


def test_a_scorer_survives_its_json() -> None:
    inner = LinearNode(coefficients="c", intercept="d", link="softmax")
    node = ScaledNode(centre="a", scale="b", scorer=BoundedNode(limit=5.0, scorer=inner))
    adapter: TypeAdapter[ScorerNode] = TypeAdapter(ScorerNode)
    assert adapter.validate_json(adapter.dump_json(node)) == node
