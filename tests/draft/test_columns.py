"""The patterns by which a profile ignores columns."""

from plant_assets.draft.columns import patterns


def test_derived_columns_that_end_alike_are_one_pattern() -> None:
    ignored = {"a_max": "derived", "b_max": "derived", "c_max": "derived", "a_min": "derived", "x[1]": "text"}
    assert patterns(ignored) == {"*_max": "derived", "a_min": "derived", "x[[]1]": "text"}
