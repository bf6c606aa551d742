from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import cast

import numpy as np
import polars as pl
import pytest
from pydantic import BaseModel

from plant_assets.ingest.history.fingerprint import (
    frame_fingerprint,
    mapping_fingerprint,
    profile_fingerprint,
)
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

FRAME = pl.DataFrame(
    {
        "at": [datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 1, 2, tzinfo=UTC)],
        "tag": ["P", None],
        "value": [1.5, None],
        "rows": [[1, 2], []],
    }
)


def test_the_fingerprint_is_the_same_in_every_process_and_version() -> None:
    frame = pl.DataFrame({"tag": ["P", "L", None], "value": [1.5, -0.0, None]})
    assert frame_fingerprint(frame) == "4726d77331ba689beccf93a9907b3c185084a1e609c494fc6b9f795b49026aa8"


def test_numbers_times_and_lists_of_times_keep_their_fingerprint_too() -> None:
    frame = pl.DataFrame({"count": [1, None], "at": FRAME["at"], "times": [[FRAME["at"][0]], []]})
    assert frame_fingerprint(frame) == "d2481104b7fdc86f2d1d6845bf27710ba574b2f0c2e0b54dab162cb708744a34"


def test_equal_frames_are_equal_however_they_lie_in_memory() -> None:
    pieces = pl.concat([FRAME.head(1), FRAME.tail(1)], rechunk=False)
    assert frame_fingerprint(pieces) == frame_fingerprint(FRAME)
    assert frame_fingerprint(FRAME.with_columns(pl.col("value") + 0.0)) == frame_fingerprint(FRAME)
    nan, other_bits = (pl.DataFrame({"value": np.array([number])}) for number in (np.nan, -np.nan))
    assert frame_fingerprint(other_bits) == frame_fingerprint(nan)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.reverse(),
        FRAME.rename({"tag": "name"}),
        FRAME.with_columns(value=pl.col("value").fill_null(0.0)),
        FRAME.with_columns(value=pl.col("value") + 1e-12),
        FRAME.with_columns(tag=pl.lit("P")),
        FRAME.with_columns(value=pl.col("value").cast(pl.Float32)),
        FRAME.drop("rows"),
        FRAME.with_columns(rows=pl.Series([[1, 3], []])),
        FRAME.select("tag", "at", "value", "rows"),
    ],
)
def test_any_difference_shows(other: pl.DataFrame) -> None:
    assert frame_fingerprint(other) != frame_fingerprint(FRAME)


def test_named_parts_in_any_order() -> None:
    assert mapping_fingerprint({"a": "1", "b": "2"}) == mapping_fingerprint({"b": "2", "a": "1"})
    assert mapping_fingerprint({"a": "2", "b": "1"}) != mapping_fingerprint({"a": "1", "b": "2"})


def test_a_profile_s_fingerprint_follows_what_it_says_and_not_how_it_is_written() -> None:
    profile = load_profile("demo")
    again = PlantProfile.model_validate(dict(reversed(profile.model_dump(mode="json").items())))
    assert profile_fingerprint(again) == profile_fingerprint(profile)
    other = profile.model_copy(update={"title": "Another unit"})
    assert profile_fingerprint(other) != profile_fingerprint(profile)


def test_a_fingerprint_is_that_of_canonical_json_in_every_version() -> None:
    class Written(BaseModel):
        title: str = "Unit"
        interval: timedelta = timedelta(hours=1)

    found = profile_fingerprint(cast(PlantProfile, Written()))
    assert found == sha256(b'{"interval":"PT1H","title":"Unit"}').hexdigest()
