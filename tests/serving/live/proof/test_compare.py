"""What two sides of a replay differ in is counted, and the first of it named by time and column."""

import math

import numpy as np

from serving.live.proof.compare import compare_lists, compare_numbers, compare_words

TIMES = [0, 3_600_000_000]
BATCH = np.array([[1.0, math.nan], [1e6, 2.0]])


def test_equal_numbers_and_rounding_are_no_difference() -> None:
    live = BATCH + np.array([[1e-10, 0.0], [1e-4, 0.0]])
    found = compare_numbers("values", TIMES, ["A", "B"], live, BATCH)
    assert (found.rows, found.compared, found.differing, found.first) == (2, 4, 0, "")
    assert found.is_equal
    assert math.isclose(found.largest, 1e-4, rel_tol=1e-3)


def test_the_first_difference_is_named() -> None:
    live = BATCH + np.array([[0.0, 0.0], [0.0, 1e-8]])
    found = compare_numbers("values", TIMES, ["A", "B"], live, BATCH)
    assert found.differing == 1
    assert found.first == "1970-01-01 01:00:00 UTC B: live 2.0000000099999999, batch 2"


def test_a_value_on_one_side_alone_is_an_infinite_difference() -> None:
    live = np.array([[math.nan, math.nan], [1e6, 2.0]])
    found = compare_numbers("values", TIMES, ["A", "B"], live, BATCH)
    assert (found.differing, found.largest) == (1, math.inf)
    assert found.first == "1970-01-01 00:00:00 UTC A: live nothing, batch 1"


def test_words_differ_row_by_row() -> None:
    found = compare_words("alarm rules", TIMES, [["HH"], []], [["HH"], ["LL", "L"]])
    assert (found.differing, found.first) == (1, "1970-01-01 01:00:00 UTC: live none, batch LL, L")


def test_lists_differ_by_what_one_side_alone_has_and_how_often() -> None:
    found = compare_lists("warnings", ["a opened", "b opened", "b opened"], ["b opened", "c opened"])
    assert found.differing == 3
    assert found.first == "a opened: live alone"
    assert compare_lists("warnings", ["a"], ["a"]).is_equal
