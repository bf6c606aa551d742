"""Ranges, normal bands and what is odd about an instrument, from one tag's values."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.draft.bands import ValueBands, find_bands

RNG = np.random.default_rng(5)
NORMAL = RNG.normal(50, 2, 1000)


def bands(values: np.ndarray, role: str = "indicator", unit: str = "") -> ValueBands:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = [start + timedelta(minutes=n) for n in range(len(values))]
    return find_bands(pl.DataFrame({"timestamp": times, "value": values}), role, unit)


def test_bands_are_by_quantiles_and_the_range_is_wide() -> None:
    found = bands(NORMAL)
    assert found.normal is not None
    assert found.normal == pytest.approx(tuple(np.quantile(NORMAL, [0.05, 0.95])), abs=0.02)
    assert found.suggested == tuple(sorted(found.suggested or ()))
    assert found.range[0] < NORMAL.min() - np.ptp(NORMAL)
    assert found.range[1] > NORMAL.max() + np.ptp(NORMAL)
    assert (found.used, found.flags) == (True, ())


def test_a_percentage_has_ends_of_its_own() -> None:
    assert bands(NORMAL, unit="%").range == (-10.0, 120.0)


@pytest.mark.parametrize(
    ("values", "role", "end"),
    [
        (np.minimum(NORMAL, 52), "indicator", (None, 52.0)),
        (np.maximum(NORMAL, 47), "pv", (47.0, None)),
        (np.minimum(NORMAL, 52), "op", (None, None)),
        (np.maximum(NORMAL - 49, 0), "indicator", (None, None)),
        (np.round(np.minimum(NORMAL, 52) / 2), "indicator", (None, None)),
    ],
)
def test_an_end_that_values_pile_up_at_is_saturation(
    values: np.ndarray, role: str, end: tuple[float | None, float | None]
) -> None:
    assert bands(values, role).saturation == end


def test_a_tag_that_never_leaves_its_end_is_not_used() -> None:
    found = bands(np.append(np.full(900, 105.07) + RNG.normal(0, 0.003, 900), np.linspace(104, 105, 30)))
    assert not found.used
    assert "saturated at its upper end" in found.flags[0]


def test_a_column_of_zeros_and_ones_is_a_state_that_may_stay() -> None:
    found = bands(np.repeat([1.0, 0.0, 1.0], [700, 50, 250]))
    assert (found.state, found.used, found.suggested, found.flags) == (True, True, None, ())
    assert not bands(np.repeat([1.0, 2.0, 1.0], [700, 50, 250])).state
    assert not bands(np.repeat([1.0, 0.0], [500, 500]), role="sp").state


def test_a_set_point_is_not_used_and_never_frozen() -> None:
    found = bands(np.repeat([50.0, 60.0], 500), role="sp")
    assert (found.used, found.flags) == (False, ())


def test_a_constant_is_not_used_and_keeps_a_range() -> None:
    found = bands(np.full(10, 3.5))
    assert (found.used, found.flags) == (False, ("constant at 3.5",))
    assert found.range[0] < 3.5 < found.range[1]
