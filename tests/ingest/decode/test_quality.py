"""Scales of qualities, told from a column's title and all that it holds."""

import polars as pl
import pytest

from plant_assets.ingest.decode.quality import GradedColumn, grade_column, is_quality, worst_of
from plant_assets.ingest.errors import Refusal

G, U, B = "good", "uncertain", "bad"


def where(row: int) -> str:
    return f"row {row + 1}"


def graded(*cells: object, title: str = "quality") -> GradedColumn:
    return grade_column(pl.Series(cells, strict=False, dtype=pl.String), title, where)


@pytest.mark.parametrize(
    ("title", "cells", "grades", "scale"),
    [
        ("quality", ["192", "216", "0xC0", "64", "8.0", "0", ""], [G, G, G, U, B, B, G], "opc_da"),
        ("status_code", ["0", "0", "1073741824", "2147483648", "2156527616"], [G, G, U, B, B], "opc_ua"),
        ("status_code", ["0x00000000", "0x40A40000", "0x80310000"], [G, U, B], "opc_ua"),
        ("quality", ["0x000000C0", "0x00000040", "0x00000000"], [G, U, B], "opc_da"),
        ("status_code", ["0x00000000"], [G], "opc_ua"),
        ("ft101_%good", ["100", "37.5", "0", "100.0"], [G, U, B, G], "percent"),
        ("status_code", ["0", "0", "0"], [G, G, G], "zero_is_good"),
        ("quality", ["0"] * 9 + ["1", "16", "133"], [G] * 9 + [B, U, U], "zero_is_good"),
        ("status", ["0"] * 9 + ["1", "2"], [G] * 9 + [U, B], "zero_is_good"),
        ("quality", ["1"] * 9 + ["0"], [G] * 9 + [B], "one_is_good"),
        ("validity", ["1", "1"], [G, G], "one_is_good"),
        ("confidence", ["100", "0", "50"], [G, B, U], "percent"),
        ("qual", ["100"] * 4 + ["0"], [G] * 4 + [B], "percent"),
        ("good", ["True", "False", "true"], [G, B, G], "words"),
        ("good", ["1", "0", "0"], [G, B, B], "one_is_good"),
        ("questionable", ["False", "True"], [G, U], "words"),
        ("bad", ["False", "True"], [G, B], "words"),
        ("ft101_questionable", ["False", "True"], [G, U], "words"),
        ("is_not_good", ["1", "0", "0"], [B, G, G], "one_is_good"),
        ("percent_good", ["100", "100", "1", "0"], [G, G, U, B], "percent"),
        ("quality", ["True", "False"], [G, B], "words"),
    ],
)
def test_numbers_and_flags_are_of_the_scale_that_the_whole_column_tells(
    title: str, cells: list[str], grades: list[str], scale: str
) -> None:
    found = graded(*cells, title=title)
    assert (found.grades.to_list(), found.scale, found.unknown) == (grades, scale, ())


@pytest.mark.parametrize(
    ("word", "grade"),
    [
        ("Good", G), ("good, local override", G), ("GoodClamped", G), ("StatusCode(Good)", G), ("Gut", G), ("OK", G), ("G", G),
        ("[Good]", G), ("Uncertain", U), ("UncertainLastUsableValue", U), ("Q", U), ("Substituted", U), ("Unsicher", U),
        ("StatusCode(UncertainInitialValue)", U), ("Estimated", U), ("Bad", B), ("BadNoCommunication", B), ("BAD - no comm", B),
        ("StatusCode(BadDeviceFailure)", B), ("Bad, Comm Fail", B), ("Not Good", B), ("Invalid", B), ("Schlecht", B),
        ("I/O Timeout", B), ("No Data", B), ("NonSpecificBad", B),
    ],
)  # fmt: skip
def test_words_are_told_by_their_beginnings(word: str, grade: str) -> None:
    found = graded(word, "Good")
    assert (found.grades.to_list(), found.unknown) == ([grade, G], ())


def test_unknown_words_are_uncertain_and_named() -> None:
    found = graded("Good", "purple")
    assert (found.grades.to_list(), found.unknown) == ([G, U], ("'purple'",))


@pytest.mark.parametrize("cells", [["0", "1"], ["3", "7"], ["0", "8", "24"], ["0", "12", "13"]])
def test_numbers_of_no_one_scale_are_refused_with_what_was_seen(cells: list[str]) -> None:
    with pytest.raises(Refusal, match=r"row 1: qualities of no one scale: .*reading\.quality") as caught:
        graded(*cells)
    assert caught.value.code == "unclear_quality"
    assert all(cell in caught.value.message for cell in cells)


def test_a_person_tells_the_scale() -> None:
    cells = pl.Series(["0", "1", "0", "1"])
    assert grade_column(cells, "quality", where, "zero_is_good").grades.to_list() == [G, B, G, B]
    assert grade_column(cells, "quality", where, "one_is_good").grades.to_list() == [B, G, B, G]


def test_the_worst_of_several_columns_counts() -> None:
    columns = [graded("Good", "Bad", "Uncertain"), graded("192", "192", "0", title="opcquality")]
    assert worst_of(columns, 3).to_list() == [G, B, B]
    assert worst_of([], 2).to_list() == [G, G]


@pytest.mark.parametrize(
    ("title", "cells", "holds"),
    [
        ("status", ["Good", "Bad"], True),
        ("status", ["192", "0"], True),
        ("status", ["3", "7", "12"], False),
        ("status", ["running", "idle"], False),
        ("good", ["True", "False"], True),
        ("valid", ["17.5", "18.5"], False),
        ("status", ["", ""], False),
    ],
)
def test_a_column_that_may_hold_qualities_does_if_its_cells_say_so(
    title: str, cells: list[str], holds: bool
) -> None:
    assert is_quality(pl.Series(cells), title) is holds
