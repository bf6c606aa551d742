"""Names, declarations and what they refuse."""

from datetime import timedelta

import pytest

from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import (
    FeatureSpec,
    feature_sources,
    feature_specs,
    look_back,
    make_spec,
    parse_feature,
)
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile


@pytest.fixture(scope="module")
def profile() -> PlantProfile:
    return load_profile("gas_treatment")


def test_every_used_tag_and_deviation_has_its_features(profile: PlantProfile) -> None:
    names = {spec.name for spec in feature_specs(profile)}
    assert {
        "PDT31008", "PDT31008_mean_3h", "PDT31008_std_6h", "PDT31008_range_24h", "PDT31008_diff_1h",
        "PDT31008_meddev_72h", "PDT31008_exceed_6h", "PDT31008_slope_3h", "LIC31002_deviation_std_24h",
    } <= names  # fmt: skip
    assert {spec.source for spec in feature_specs(profile)} == set(feature_sources(profile))


def test_a_plain_value_reads_its_newest_row_alone(profile: PlantProfile) -> None:
    plain = [spec for spec in feature_specs(profile) if spec.kind == "value"]
    assert [spec.name for spec in plain] == feature_sources(profile)
    assert {(spec.steps, spec.rows, spec.min_valid) for spec in plain} == {(1, 1, 1)}


def test_names_are_unique_and_say_what_the_spec_holds(profile: PlantProfile) -> None:
    specs = feature_specs(profile)
    assert len({spec.name for spec in specs}) == len(specs)
    assert [parse_feature(s.name, profile) for s in specs if s.kind != "value"] == [
        s for s in specs if s.kind != "value"
    ]


def test_no_feature_is_built_from_unused_tags_or_interval_extremes(profile: PlantProfile) -> None:
    sources = feature_sources(profile)
    assert "LT31013" not in sources
    assert not [source for source in sources if source.endswith(("_max", "_min"))]


def test_features_that_need_limits_take_those_of_the_profile(profile: PlantProfile) -> None:
    spec = make_spec("PDT31008", "exceedance", timedelta(hours=6), profile)
    assert (spec.low, spec.high) == (100, 280)
    assert not [s for s in feature_specs(profile) if s.source == "LIC31002_OP" and s.kind == "exceedance"]


@pytest.mark.parametrize(
    ("name", "source", "kind", "steps"),
    [
        ("LT301031_std_5h", "LT301031", "std", 5),
        ("PDT31008_max_mean_120m", "PDT31008_max", "mean", 2),
        ("LIC31002_deviation_diff_2d", "LIC31002_deviation", "difference", 48),
    ],
)
def test_names_that_no_profile_lists_are_read_too(
    profile: PlantProfile, name: str, source: str, kind: str, steps: int
) -> None:
    assert parse_feature(name, profile) == FeatureSpec(name, source, kind, steps)


@pytest.mark.parametrize(
    "name", ["PDT31008", "PDT31008_max", "NOTAG_std_3h", "LT301031_std", "LT301031_var_3h"]
)
def test_other_names_are_no_features(profile: PlantProfile, name: str) -> None:
    assert parse_feature(name, profile) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("LT301031_std_90m", "multiple of the sampling interval 1h"),
        ("LT301031_std_1h", "at least two intervals"),
        ("LIC31002_OP_slope_3h", "limits L or H on LIC31002_OP"),
        ("LT301031_mean_0h", "expected a duration"),
    ],
)
def test_a_window_that_cannot_be_is_refused_by_name(profile: PlantProfile, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_feature(name, profile)
    assert isinstance(caught.value, FeatureError)
    assert name in str(caught.value)


def test_a_difference_looks_back_one_row_more_than_it_steps() -> None:
    assert look_back([FeatureSpec("x_diff_3h", "x", "difference", 3)]) == 4
    assert look_back([FeatureSpec("x_mean_3h", "x", "mean", 3)]) == 3
    assert look_back([]) == 1
