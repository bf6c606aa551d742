"""Windows of the forecasters: laid out right, no further back than they say, alike in both evaluators."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_assets.features.polars_engine import with_deviations
from plant_assets.features.spec import feature_sources
from plant_assets.features.windows import NewestWindow, window_columns, window_features
from plant_assets.profile.load import load_profile
from tests.features.cases import Values, frame_of, histories

PROFILE = load_profile("gas_treatment")
SOURCES = feature_sources(PROFILE)
STEPS = PROFILE.features.window_steps


def raw(values: Values) -> pl.DataFrame:
    """Each tag the same history, some rows on."""
    return frame_of({tag: [*values[i:], *values[:i]] for i, tag in enumerate(PROFILE.tag_names)})


def test_columns_are_steps_oldest_first_then_summaries() -> None:
    columns = window_columns(PROFILE)
    assert columns[:2] == [f"{SOURCES[0]}_t-11", f"{SOURCES[0]}_t-10"]
    assert columns[11] == f"{SOURCES[0]}_t-0"
    assert "PDT31008_std_12h" in columns
    assert len(set(columns)) == len(columns)


def test_a_step_holds_the_value_of_that_many_rows_ago() -> None:
    frame = raw([float(i) for i in range(30)])
    got = window_features(frame, PROFILE)
    assert got.columns == ["timestamp", *window_columns(PROFILE)]
    assert got["TE301020_t-11"].to_list() == [None] * 11 + [float(i) for i in range(19)]
    assert got["TE301020_t-0"].to_list() == frame["TE301020"].to_list()


def test_a_rise_is_the_recent_mean_less_that_of_the_whole_window() -> None:
    values: Values = [0.0 if i < 8 else 3.0 for i in range(12)]
    frame = raw(values)
    got = window_features(frame, PROFILE).row(-1, named=True)
    assert got["TE301020_mean_4h"] == 3.0
    assert got["TE301020_rise_4h"] == pytest.approx(2.0)
    assert got["TE301020_rise_2h"] == pytest.approx(2.0)
    assert got["TE301020_rise_6h"] == pytest.approx(1.0)


@pytest.mark.parametrize(("steps", "rises"), [(12, 3), (4, 2), (2, 1)])
def test_a_short_window_has_no_rise_of_itself_or_twice(steps: int, rises: int) -> None:
    features = PROFILE.features.model_copy(update={"window_steps": steps})
    columns = window_columns(PROFILE.model_copy(update={"features": features}))
    assert sum(c.startswith("TE301020_rise_") for c in columns) == rises
    assert len(set(columns)) == len(columns)


@given(values=histories(min_size=20, max_size=60), rows=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_the_newest_window_equals_the_last_row_of_the_history(values: Values, rows: int) -> None:
    frame = raw(values)
    wanted = window_features(frame, PROFILE).drop("timestamp").row(-1)
    full = with_deviations(frame, PROFILE).select(SOURCES).to_numpy()
    got = NewestWindow(PROFILE)(full[-max(rows, min(STEPS, len(full))) :])
    known = [abs(v) for v in values if v is not None and abs(v) <= 1e100]
    scale = max([1.0, *known])
    for name, a, b in zip(window_columns(PROFILE), got.tolist(), wanted, strict=True):
        assert np.isnan(a) == (b is None), name
        if b is not None:
            assert abs(a - b) <= 1e-9 * scale, name


@given(values=histories(min_size=STEPS + 1, max_size=50), other=histories(min_size=50, max_size=50))
@settings(max_examples=30, deadline=None)
def test_nothing_before_the_window_matters(values: Values, other: Values) -> None:
    full = np.tile(np.array([np.nan if v is None else v for v in values])[:, None], len(SOURCES))
    before = np.tile(np.array([np.nan if v is None else v for v in other])[:, None], len(SOURCES))
    longer = np.concatenate([before, full])
    assert np.array_equal(NewestWindow(PROFILE)(full), NewestWindow(PROFILE)(longer), equal_nan=True)


def test_a_history_shorter_than_the_window_has_missing_steps() -> None:
    window = np.full((3, len(SOURCES)), 5.0)
    got = dict(zip(window_columns(PROFILE), NewestWindow(PROFILE)(window), strict=True))
    assert got["PDT31008_t-0"] == got["PDT31008_t-2"] == 5.0
    assert np.isnan(got["PDT31008_t-3"])
    assert np.isnan(got["PDT31008_mean_12h"])


def test_a_window_of_other_sources_is_refused() -> None:
    with pytest.raises(ValueError, match="expected shape"):
        NewestWindow(PROFILE)(np.ones((12, 3)))
