import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plant_assets.bundle.neighbours import CHUNK, NearestDistance

VALUES = st.floats(-1e6, 1e6, allow_nan=False, width=64)


@settings(max_examples=200, deadline=None)
@given(
    stored=arrays(np.float64, st.tuples(st.integers(3, 40), st.just(4)), elements=VALUES),
    rows=arrays(np.float64, st.tuples(st.integers(1, 9), st.just(4)), elements=VALUES),
    k=st.integers(1, 3),
)
def test_the_nearest_rows_are_the_nearest(stored: np.ndarray, rows: np.ndarray, k: int) -> None:
    gaps = np.sqrt(((stored - rows[:, None]) ** 2).sum(axis=2))
    exact = np.sort(gaps, axis=1)[:, :k].mean(axis=1)
    assert NearestDistance(stored, k)(rows) == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_many_rows_are_answered_as_each_by_itself() -> None:
    random = np.random.default_rng(5)
    stored = np.concatenate([random.normal(size=(60, 6)), np.ones((9, 6))]) * 1e3
    rows = np.concatenate([stored, random.normal(size=(CHUNK + 5, 6)) * 1e3])
    nearest = NearestDistance(stored, 4)
    alone = np.concatenate([nearest(row[None]) for row in rows])
    assert nearest(rows) == pytest.approx(alone, rel=1e-14)


def test_no_rows_have_no_distances() -> None:
    assert NearestDistance(np.ones((3, 2)), 1)(np.empty((0, 2))).shape == (0,)


def test_a_stored_row_is_at_distance_zero_of_itself_and_far_rows_stay_finite() -> None:
    stored = np.random.default_rng(1).normal(size=(50, 6)) * 1e4
    assert NearestDistance(stored, 1)(stored[7:8])[0] == 0.0
    assert np.isfinite(NearestDistance(stored, 5)(np.full((1, 6), 1e90))).all()
    assert np.isfinite(NearestDistance(stored, 5)(np.full((2, 6), 1e90))).all()


def test_a_far_stored_row_leaves_the_others_exact() -> None:
    random = np.random.default_rng(9)
    stored = np.concatenate([random.normal(size=(50, 6)), np.full((1, 6), 1e6)])
    rows = random.normal(size=(40, 6))
    gaps = np.sqrt(((stored - rows[:, None]) ** 2).sum(axis=2))
    assert NearestDistance(stored, 3)(rows) == pytest.approx(
        np.sort(gaps, axis=1)[:, :3].mean(axis=1), rel=1e-12
    )
