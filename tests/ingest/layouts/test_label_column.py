"""Columns of labels, and the periods of their abnormal rows."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.label_column import is_label_column, label_periods

START = datetime(2025, 3, 3, tzinfo=UTC)


def hours(*numbers: int) -> list[datetime]:
    return [START + timedelta(hours=n) for n in numbers]


def periods(cells: list[object], order: list[int] | None = None) -> list[tuple[datetime, datetime]]:
    places = order or list(range(len(cells)))
    times = pl.Series(hours(*places), dtype=pl.Datetime("us", "UTC"))
    rows = pl.int_range(2, len(cells) + 2, dtype=pl.UInt32, eager=True)
    found = label_periods(
        pl.Series(cells, strict=False), times, rows, "ATT_FLAG", lambda row: f"row {row + 2}"
    )
    assert set(found["reason"]) <= {"ATT_FLAG"}
    return list(found.select("start", "end").iter_rows())


@pytest.mark.parametrize(
    "cells",
    [
        [0, 1, 1, 0, 0, 1],
        ["Normal", "Attack", "A ttack", "Normal", "normal", "Attack"],
        ["False", "True", "True", "", None, "TRUE"],
        [-999, 1, 1, -999, -999, 1],
        [0.0, 1.0, 1.0, 0.0, 0.0, 1.0],
    ],
)
def test_abnormal_rows_that_follow_each_other_are_a_period(cells: list[object]) -> None:
    assert periods(cells) == [tuple(hours(1, 2)), tuple(hours(5, 5))]


def test_rows_are_taken_in_the_order_of_time() -> None:
    assert periods([1, 0, 1], order=[1, 5, 0]) == [tuple(hours(0, 1))]


def test_a_label_that_is_neither_is_refused_by_its_row() -> None:
    with pytest.raises(Refusal, match=r"row 3: label '7' in 2 rows; expected 0 or 1") as caught:
        periods([0, 7, 1, 7])
    assert caught.value.code == "unclear_label"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([0] * 9 + [1], True),
        (["Normal"] * 9 + ["Attack"], True),
        ([0] * 10, False),
        ([1] * 10, False),
        ([0, 1, 2] * 4, False),
        (["open", "closed"] * 5, False),
    ],
)
def test_a_label_column_has_two_kinds_of_rows_and_few_abnormal_ones(cells: list[object], told: bool) -> None:
    assert is_label_column(pl.Series(cells)) is told
