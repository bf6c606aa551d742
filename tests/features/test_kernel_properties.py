"""The three promises of the kernel: causal, look-back suffices, evaluators agree; and it is right."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_assets.features import polars_engine
from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.polars_engine import compute_features
from plant_assets.features.spec import look_back
from tests.features.cases import (
    Values,
    array_of,
    frame_of,
    histories,
    one_sided_specs,
    plausible,
    specs_for,
    tolerance,
)
from tests.features.reference import feature

SPECS = [*specs_for("x"), *one_sided_specs("x")]
BACK = look_back(SPECS)


def last_row(frame: pl.DataFrame) -> list[float | None]:
    return list(frame.select(spec.name for spec in SPECS).row(-1))


def newest(values: Values) -> list[float | None]:
    row = NewestRow(SPECS, ["x"])(array_of({"x": values}))
    return [None if np.isnan(v) else float(v) for v in row]


def assert_close(got: list[float | None], wanted: list[float | None], values: Values) -> None:
    for spec, a, b in zip(SPECS, got, wanted, strict=True):
        assert (a is None) == (b is None), f"{spec.name}: {a} against {b}"
        if a is not None and b is not None and a != b:
            assert abs(a - b) <= tolerance(values, spec), f"{spec.name}: {a} against {b}"


@given(values=histories())
@settings(max_examples=150, deadline=None)
def test_both_evaluators_give_what_the_definition_says(values: Values) -> None:
    wanted = [feature(values, spec) for spec in SPECS]
    assert_close(newest(values), wanted, values)
    assert_close(last_row(compute_features(frame_of({"x": values}), SPECS)), wanted, values)


@given(values=st.lists(plausible, min_size=BACK, max_size=BACK))
@settings(max_examples=60, deadline=None)
def test_a_thousandth_of_noise_on_a_thousand_keeps_nine_digits_after_the_point(values: Values) -> None:
    wanted = [feature(values, spec) for spec in SPECS]
    for got in (newest(values), last_row(compute_features(frame_of({"x": values}), SPECS))):
        assert got == pytest.approx(wanted, rel=0, abs=1e-9)


@given(values=histories(min_size=2), later=st.data())
@settings(max_examples=100, deadline=None)
def test_no_later_row_changes_a_feature(values: Values, later: st.DataObject) -> None:
    at = later.draw(st.integers(1, len(values) - 1))
    other = later.draw(histories(max_size=60))
    before = compute_features(frame_of({"x": values}), SPECS).head(at)
    after = compute_features(frame_of({"x": [*values[:at], *other]}), SPECS).head(at)
    assert before.equals(after)


@given(values=histories(min_size=BACK, max_size=3 * BACK))
@settings(max_examples=100, deadline=None)
def test_a_window_of_look_back_rows_gives_what_the_full_history_gives(values: Values) -> None:
    full = last_row(compute_features(frame_of({"x": values}), SPECS))
    window = values[-BACK:]
    assert_close(last_row(compute_features(frame_of({"x": window}), SPECS)), full, values)
    assert_close(newest(window), full, values)


@given(values=histories(min_size=40, max_size=120), rows=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_chunks_of_any_length_change_nothing(values: Values, rows: int) -> None:
    frame = frame_of({"x": values})
    whole = compute_features(frame, SPECS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_engine, "CHUNK_ROWS", rows)
        chunked = compute_features(frame, SPECS)
    assert chunked["timestamp"].equals(whole["timestamp"])
    rows_of = [frame.select(spec.name for spec in SPECS).rows() for frame in (chunked, whole)]
    for i, (got, wanted) in enumerate(zip(*rows_of, strict=True)):
        assert_close(list(got), list(wanted), values[: i + 1])


@pytest.mark.parametrize("spike", [1e9, 1e15, 1e100])
def test_a_spike_leaves_no_trace_once_it_has_left_the_window(spike: float) -> None:
    calm = [1000.0 + (i * 7 % 13) / 1000 for i in range(200)]
    spiked = [*calm[:100], spike, *calm[101:]]
    clear = 101 + BACK
    assert compute_features(frame_of({"x": spiked}), SPECS)[clear:].select(
        pl.exclude("timestamp")
    ).to_numpy() == pytest.approx(
        compute_features(frame_of({"x": calm}), SPECS)[clear:].select(pl.exclude("timestamp")).to_numpy(),
        rel=0,
        abs=1e-9,
    )
