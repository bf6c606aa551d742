"""Cycles of the day and the week: found where they are, not where something wanders slowly."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from plant_assets.drift.seasons import phases, seasons
from tests.drift.series import HOUR, hours, wandering

DAY = 2 * np.pi * np.arange(28 * 24) / 24


@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_a_day_is_found_under_noise(phi: float) -> None:
    found = [seasons(wandering(seed, phi, len(DAY)) + np.sin(DAY), HOUR) for seed in range(10)]
    assert found.count(("day",)) >= 9


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.99])
def test_what_wanders_has_no_season(phi: float) -> None:
    found = [seasons(wandering(seed, phi, len(DAY)), HOUR) for seed in range(100)]
    assert sum(map(bool, found)) <= 2


def test_a_week_is_found_and_a_day_within_it() -> None:
    noise = wandering(3, 0.5, 12 * 168)
    week = 2 * np.sin(2 * np.pi * np.arange(12 * 168) / 168)
    assert seasons(noise + week, HOUR) == ("week",)
    assert seasons(noise + week + np.sin(2 * np.pi * np.arange(12 * 168) / 24), HOUR) == ("day", "week")


def test_two_peaks_a_day_are_a_daily_cycle() -> None:
    assert seasons(wandering(4, 0.3, len(DAY)) + np.sin(2 * DAY), HOUR) == ("day",)


@pytest.mark.parametrize(
    ("rows", "interval"),
    [(3 * 24, HOUR), (40, timedelta(days=1)), (600, timedelta(hours=7)), (40, timedelta(hours=8))],
)
def test_too_few_cycles_or_steps_show_none(rows: int, interval: timedelta) -> None:
    steps = np.arange(rows) * (interval / timedelta(days=1))
    assert "day" not in seasons(np.sin(2 * np.pi * steps) + wandering(5, 0, rows) * 0.1, interval)


def test_gaps_hide_no_season() -> None:
    values = wandering(6, 0.5, len(DAY)) + np.sin(DAY)
    values[np.random.default_rng(1).random(len(values)) < 0.15] = np.nan
    values[100:148] = np.nan
    assert seasons(values, HOUR) == ("day",)


def test_days_begin_at_the_plants_midnight() -> None:
    times = hours(24, datetime(2026, 1, 5, tzinfo=UTC))
    assert phases(times, (), "UTC").tolist() == [0] * 24
    assert phases(times, ("day",), "Asia/Tokyo").tolist() == [*range(9, 24), *range(9)]
    assert phases(times, ("week",), "Asia/Tokyo").tolist() == [0] * 15 + [1] * 9
    assert phases(times, ("day", "week"), "UTC").tolist() == [0] * 6 + [1] * 6 + [2] * 6 + [3] * 6


@pytest.mark.parametrize(
    ("values", "interval", "found"),
    [
        (np.sin(DAY), HOUR, ("day",)),
        (np.sin(DAY[: 4 * 24]), HOUR, ("day",)),
        (np.sin(np.pi / 2 * np.arange(8 * 4)), timedelta(hours=6), ("day",)),
        (np.sin(2 * np.pi / 5 * np.arange(200)), timedelta(hours=5), ()),
        (np.zeros(28 * 24), HOUR, ()),
    ],
    ids=["no noise", "four days", "four steps a day", "a cycle of 25 hours", "nothing"],
)
def test_cycles_without_noise_are_certain(
    values: np.ndarray, interval: timedelta, found: tuple[str, ...]
) -> None:
    assert seasons(values, interval) == found


def test_each_day_has_a_level_of_its_own() -> None:
    rng = np.random.default_rng(8)
    values = np.sin(DAY) + np.repeat(rng.normal(0, 500, 28), 24) + rng.normal(0, 0.3, len(DAY))
    values[rng.random(len(values)) < 0.1] = np.nan
    assert seasons(values, HOUR) == ("day",)


def test_a_day_of_which_three_quarters_are_known_counts() -> None:
    values = np.sin(DAY[: 4 * 24])
    values[np.arange(len(values)) % 24 >= 18] = np.nan
    assert seasons(values, HOUR) == ("day",)
    values[np.arange(len(values)) % 24 >= 17] = np.nan
    assert seasons(values, HOUR) == ()


def test_three_peaks_a_day_are_no_daily_cycle() -> None:
    found = [seasons(wandering(seed, 0.3, len(DAY)) + np.sin(3 * DAY), HOUR) for seed in range(10)]
    assert sum(map(bool, found)) <= 1


def test_phases_are_whole_numbers_that_arrays_are_indexed_by() -> None:
    times = hours(200, datetime(2026, 1, 5, tzinfo=UTC))
    for followed in ((), ("day",), ("week",), ("day", "week")):
        found = phases(times, followed, "UTC")
        assert found.dtype == np.intp
        assert found.max() < 28
    assert phases(times, ("day", "week"), "UTC")[[30, 190]].tolist() == [5, 3]
