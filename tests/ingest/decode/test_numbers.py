"""Numbers and qualities as historians and spreadsheets write them."""

import polars as pl
import pytest

from plant_assets.ingest.decode.numbers import (
    MISSING_WORDS,
    Decimal,
    find_decimal,
    parse_numbers,
)
from plant_assets.ingest.errors import Refusal


def place(row: int) -> str:
    return f"row {row + 1}"


def numbers(cells: list[str | None], decimal: Decimal = ".") -> list[float | None]:
    return parse_numbers(pl.Series(cells, dtype=pl.String), decimal, place).values.to_list()


def decimal(cells: list[str], delimiter: str = ";") -> Decimal:
    return find_decimal([pl.Series(cells)], [place], delimiter)


def test_plain_numbers() -> None:
    assert numbers(["1", " 2.5 ", "-3e-2", "+4", ".5", "6.", "−7", None]) == [
        1,
        2.5,
        -0.03,
        4,
        0.5,
        6,
        -7,
        None,
    ]


def test_thousands_separators_with_a_decimal_point() -> None:
    assert numbers(["1,234.5", "1 234.5", "1'234", "1\u00a0234", "12.5"]) == [
        1234.5,
        1234.5,
        1234,
        1234,
        12.5,
    ]


def test_thousands_separators_with_a_decimal_comma() -> None:
    assert numbers(["1.234,5", "1 234,5", "7", "-0,5e-3", "1.234"], ",") == [1234.5, 1234.5, 7, -0.0005, 1234]


def test_text_cells_of_a_workbook_each_for_itself() -> None:
    assert numbers(["1,5", "1.5", "1.234,5", "1.234"], "cell") == [1.5, 1.5, 1234.5, 1.234]


@pytest.mark.parametrize(
    "text", ["12 34", "1,2,3", "1.2.3", "0x10", "1e", "12a", "12,5", "on", "--1", "1_000", "true"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refusal, match=r"row 2: .* is no number"):
        numbers(["1", text])


def test_how_many_cells_are_wrong_is_told() -> None:
    with pytest.raises(Refusal, match=r"'on' is no number \(2 such cells"):
        numbers(["1", "on", "off"])


def test_every_missing_word_in_any_case() -> None:
    for word in MISSING_WORDS:
        assert word == word.casefold().strip() != ""
        assert numbers([word.upper(), f" {word.title()} "]) == [None, None]


def test_missing_and_infinite_are_counted_apart() -> None:
    found = parse_numbers(pl.Series(["1", "", None, "Bad", "NaN", "inf", "-inf"]), ".", place)
    assert (found.missing, found.not_finite) == (4, 2)
    assert found.values.to_list() == [1, None, None, None, None, None, None]


def test_typed_cells() -> None:
    found = parse_numbers(pl.Series([1.5, float("nan"), float("inf"), None]), ".", place)
    assert (found.values.to_list(), found.missing, found.not_finite) == ([1.5, None, None, None], 2, 1)
    assert parse_numbers(pl.Series([1, 2]), ".", place).values.to_list() == [1, 2]
    with pytest.raises(Refusal, match="values of type Date"):
        parse_numbers(pl.Series([1]).cast(pl.Date), ".", place)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1", "2"], "."),
        (["1.5", "2"], "."),
        (["1,5", "2"], ","),
        (["1.234,5"], ","),
        (["1,234.5"], "."),
        (["1,234"], ","),
        (["1,234,567"], "."),
        (["1,234", "7.25"], "."),
        (["1,5", "1.234"], ","),
        (["-1,5E-07", "Bad"], ","),
        (["I/O, Timeout"], "."),
    ],
)
def test_the_decimal_mark_of_a_file(cells: list[str], mark: str) -> None:
    assert decimal(cells) == mark


def test_two_decimal_marks_are_refused_with_both_places() -> None:
    with pytest.raises(Refusal, match="row 2: a decimal comma here, a decimal point at row 1"):
        decimal(["1.5", "1,5"])


def test_a_grouped_number_between_commas_is_refused() -> None:
    with pytest.raises(Refusal, match="row 1: a number such as 1,234"):
        decimal(["1,234"], ",")
