"""Intervals, spans and windows from the times of records."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.draft.sampling import DraftedSampling, find_sampling, find_windows

START = datetime(2024, 1, 1, tzinfo=UTC)


def timing(seconds: np.ndarray, values: np.ndarray | None = None, tags: int = 1) -> DraftedSampling:
    """Of tags that have records at these seconds."""
    shown = np.arange(len(seconds), dtype=float) if values is None else values
    one = pl.DataFrame({"timestamp": [START + timedelta(seconds=float(s)) for s in seconds], "value": shown})
    parts = [one.with_columns(tag=pl.lit(f"t{n}")) for n in range(tags)]
    return find_sampling(pl.concat(parts).sort("timestamp", "tag"))


@pytest.mark.parametrize("step", [1, 7, 300, 3600, 86400])
def test_the_usual_step_is_the_interval(step: int) -> None:
    found = timing(np.arange(200) * step)
    assert found.interval == timedelta(seconds=step)
    assert found.rows == 200
    assert found.hold_limit == 6 * found.interval
    assert found.frozen_after == 24 * found.interval


def test_parts_of_a_second_become_seconds() -> None:
    assert timing(np.arange(500) * 0.1).interval == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("step", "interval", "says"),
    [
        (
            0.01,
            1,
            "the usual step between records is 0.01 s; rows are thinned to one every 1 s, which leaves 1% of them",
        ),
        (
            1.5,
            2,
            "the usual step between records is 1.5 s; rows are thinned to one every 2 s, which leaves 75% of them",
        ),
        (
            1.4,
            1,
            "the usual step between records is 1.4 s; rows stand 1 s apart, and hold the value before where none is recorded",
        ),
    ],
)
def test_a_step_that_is_no_interval_is_told(step: float, interval: int, says: str) -> None:
    found = timing(np.arange(3000) * step)
    assert (found.interval, found.why) == (timedelta(seconds=interval), says)


def test_jitter_about_an_interval_is_none_of_its_own() -> None:
    jitter = np.random.default_rng(1).uniform(-0.2, 0.2, 3000)
    found = timing(np.arange(3000) + jitter)
    assert (found.interval, found.why) == (
        timedelta(seconds=1),
        "100% of the steps between records are of 1 s",
    )


def test_rare_records_are_held_until_the_next_is_due() -> None:
    steps = np.where(np.arange(400) % 20 == 0, 3600, 60)
    found = timing(steps.cumsum())
    assert found.interval == timedelta(minutes=1)
    assert timedelta(hours=1) <= found.hold_limit <= timedelta(hours=1, minutes=2)
    assert found.hold_limit % found.interval == timedelta(0)


def test_values_that_rest_for_long_are_not_frozen_soon() -> None:
    found = timing(np.arange(1000) * 60, np.arange(1000) // 100 * 1.0)
    assert found.frozen_after > timedelta(hours=3)


def test_more_rows_than_memory_holds_get_a_longer_interval() -> None:
    found = timing(np.array([0, 1, 2, 3, 4, 365 * 86400]), tags=30)
    assert found.interval > timedelta(seconds=60)
    assert "too many to train on" in found.why


@pytest.mark.parametrize(
    ("rows", "tags"), [(12, 1), (60, 3), (673, 13), (13_000, 228), (2_000_000, 8), (100, 5000)]
)
def test_windows_fit_the_rows_and_the_folds(rows: int, tags: int) -> None:
    found = find_windows(rows, tags)
    assert max((n for steps in found.steps.values() for n in steps), default=1) <= max(rows // 10, 1)
    assert rows // (found.folds + 1) > found.gap
    assert found.history(timedelta(days=400)) is None
