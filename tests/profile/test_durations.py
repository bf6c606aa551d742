"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.profile.durations import format_duration, parse_duration


@given(st.integers(1, 10**6), st.sampled_from("smhd"))
def test_reading_what_was_written_gives_the_same(count: int, unit: str) -> None:
    duration = parse_duration(f"{count}{unit}")
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "1.5h", "0h", "1w", None, 3, "1h 30m"])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        parse_duration(text)


def test_a_day_stays_in_hours() -> None:
    assert format_duration(timedelta(days=1)) == "24h"
