"""Numbers that stand for no value, and numbers that don't."""

import numpy as np
import polars as pl
import pytest

from plant_assets.ingest.codes import drop_codes

WALK = np.round(50 + np.random.default_rng(5).normal(0, 2, 400), 2)


def dropped(
    values: np.ndarray, real: tuple[float, ...] = (), told: tuple[float, ...] | None = None
) -> dict[float, int]:
    """The codes found among a tag's values, and how often each comes."""
    records = pl.DataFrame({"tag": "level", "value": values})
    kept, found = drop_codes(records, {"level": real}, told)
    assert kept.height + sum(code.count for code in found) == records.height
    return {code.value: code.count for code in found}


def spoiled(base: np.ndarray, *codes: float, every: int = 50) -> np.ndarray:
    values = base.copy()
    for place, code in enumerate(codes):
        values[place::every] = code
    return values


@pytest.mark.parametrize(
    "code",
    [
        -9999.0,
        -999.25,
        -99.0,
        9999.0,
        99999.0,
        999.9,
        -8888.0,
        -777.0,
        32767.0,
        65535.0,
        1e30,
        -1e37,
        -1234.5,
        3276.7,
    ],
)
@pytest.mark.parametrize("every", [3, 8, 200])
def test_a_value_far_from_all_others_that_no_reading_grows_to_is_a_code(code: float, every: int) -> None:
    assert dropped(spoiled(WALK, code, every=every)) == {code: -(-len(WALK) // every)}


def test_several_codes_of_a_tag_are_found() -> None:
    assert set(dropped(spoiled(WALK, -9999.0, 9999.0, -8888.0))) == {-9999.0, 9999.0, -8888.0}


@pytest.mark.parametrize(
    "values",
    [
        WALK,
        np.append(WALK, 180.0),
        spoiled(WALK, 150.0),
        spoiled(WALK, 0.0),
        np.array([0.0, 1.0] * 50),
        np.array([0.0, 100.0] * 50),
        np.array([5.0, 9999.0] * 50),
        spoiled(np.round(WALK / 25, 2), 100.0),
        np.append(WALK - 50, [-60.0, -60.0]),
    ],
    ids=[
        "calm",
        "a spike",
        "an end of the range",
        "standing still",
        "on and off",
        "open and closed",
        "two set points",
        "valve",
        "cold",
    ],
)
def test_readings_that_are_far_or_few_are_no_codes(values: np.ndarray) -> None:
    assert dropped(values) == {}


def test_the_ends_of_an_instrument_are_readings() -> None:
    values = spoiled(WALK, 9999.0)
    assert (dropped(values, real=(9999.0,)), dropped(values)) == ({}, {9999.0: 8})


def test_a_person_says_which_numbers_are_codes() -> None:
    values = spoiled(WALK, 55.5, 9999.0)
    assert dropped(values, told=(55.5,)) == {55.5: int((values == 55.5).sum())}
    assert dropped(values, told=()) == {}
