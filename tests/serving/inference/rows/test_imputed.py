from fnmatch import fnmatchcase

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.features.spec import feature_sources, feature_specs
from plant_assets.profile.model import PlantProfile
from serving.inference.rows.imputed import ImputedNames

NAMES = ("A", "A_mean_3h", "A_std_3h", "AB", "AB_mean_3h", "AB_deviation", "C_t-1", "C_t-0", "D")
SOURCES = ("A", "AB", "C", "D")


def matched(told: list[str], names: tuple[str, ...] = NAMES) -> list[str]:
    return [name for name in names if any(fnmatchcase(name, one) for one in told)]


@given(st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)))
def test_what_is_told_matches_what_is_missing_and_nothing_else(missing: list[bool]) -> None:
    told = ImputedNames(NAMES, SOURCES).of(np.array(missing))
    assert matched(told) == [name for name, gone in zip(NAMES, missing, strict=True) if gone]


@pytest.mark.parametrize(
    ("given_names", "told"),
    [
        (NAMES, []),
        (("A",), ["A_*", "AB*", "C_*", "D"]),
        (("A_std_3h",), ["AB*", "C_*", "A", "A_mean_3h", "D"]),
        (("AB_mean_3h",), ["A_*", "C_*", "A", "AB", "AB_deviation", "D"]),
        ((), ["A*", "C_*", "D"]),
    ],
)
def test_a_pattern_stands_for_all_of_a_source(given_names: tuple[str, ...], told: list[str]) -> None:
    missing = np.array([name not in given_names for name in NAMES])
    assert ImputedNames(NAMES, SOURCES).of(missing) == told


def test_one_tag_of_the_plant_leaves_a_line_for_each_other(profile: PlantProfile) -> None:
    names = tuple(spec.name for spec in feature_specs(profile))
    told = ImputedNames(names, feature_sources(profile)).of(np.array([n != "PDT31008" for n in names]))
    assert "PDT31008_*" in told
    assert "LT301031*" in told
    assert len(told) == len(feature_sources(profile))
    assert matched(told, names) == [name for name in names if name != "PDT31008"]
