"""What the history evaluator promises beside the numbers: shape, names, refusals."""

import polars as pl
import pytest

from plant_assets.features.errors import FeatureError
from plant_assets.features.polars_engine import compute_features, named_features, with_deviations
from plant_assets.features.spec import FeatureSpec
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from tests.features.cases import frame_of

MEAN = FeatureSpec("x_mean_3h", "x", "mean", 3)


@pytest.fixture(scope="module")
def profile() -> PlantProfile:
    return load_profile("gas_treatment")


def raw(profile: PlantProfile, rows: int = 5) -> pl.DataFrame:
    return frame_of({name: [float(i + k) for k in range(rows)] for i, name in enumerate(profile.columns)})


def test_a_deviation_is_set_point_less_process_value(profile: PlantProfile) -> None:
    frame = raw(profile).with_columns(LIC31002_SP=pl.lit(70.0), LIC31002_PV=pl.lit(60.0))
    assert with_deviations(frame, profile)["LIC31002_deviation"].to_list() == [10.0] * 5


def test_half_a_window_is_enough_and_less_is_null() -> None:
    values = [1.0, None, None, 4.0, 6.0, None, float("nan"), float("inf")]
    got = compute_features(frame_of({"x": values}), [MEAN])["x_mean_3h"].to_list()
    assert got == [None, None, None, None, 5.0, 5.0, None, None]


def test_integers_and_all_null_columns_are_numbers_too() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3], "y": [None, None, None]})
    specs = [MEAN, FeatureSpec("y_mean_3h", "y", "mean", 3)]
    assert compute_features(frame, specs).rows() == [(None, None), (1.5, None), (2.0, None)]


def test_no_rows_give_no_rows() -> None:
    empty = compute_features(frame_of({"x": [1.0]}).head(0), [MEAN])
    assert empty.columns == ["timestamp", "x_mean_3h"]
    assert empty.height == 0


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ([0, 1, 2, 4, 5], r"row 4 \(2015-01-01 04:00:00\+00:00\): expected rows equally spaced"),
        ([0, 1, 1, 2, 3], r"row 3 \(2015-01-01 01:00:00\+00:00\): expected a later time"),
        ([0, 2, 1, 3, 4], r"row 3 \(2015-01-01 01:00:00\+00:00\): expected a later time"),
        ([5, 4, 3, 2, 1], r"row 2 \(2015-01-01 04:00:00\+00:00\): expected a later time"),
    ],
    ids=["hole", "double", "out of order", "backwards"],
)
def test_a_grid_that_is_not_regular_is_refused_with_its_row(keep: list[int], message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        compute_features(frame_of({"x": [1.0] * 6})[keep], [MEAN])


def test_an_absent_or_textual_source_is_named() -> None:
    with pytest.raises(FeatureError, match="x_mean_3h: expected a column 'x'"):
        compute_features(frame_of({"y": [1.0]}), [MEAN])
    with pytest.raises(FeatureError, match="column 'x': expected numbers, got String"):
        compute_features(pl.DataFrame({"x": ["1"]}), [MEAN])


def test_a_rule_may_name_features_that_no_profile_lists(profile: PlantProfile) -> None:
    frame = raw(profile)
    names = ["LT301031_std_5h", "PDT31008_max", "LIC31002_deviation", "LT301031_std_5h"]
    got = named_features(frame, profile, names)
    assert got.columns == [*frame.columns, "LIC31002_deviation", "LT301031_std_5h"]
    assert got["LT301031_std_5h"].to_list()[-1] == pytest.approx(2.5**0.5)


def test_names_that_the_frame_has_leave_it_alone(profile: PlantProfile) -> None:
    frame = raw(profile)
    assert named_features(frame, profile, ["PDT31008"]) is frame


def test_an_unknown_name_is_refused_with_the_nearest(profile: PlantProfile) -> None:
    with pytest.raises(FeatureError, match="no feature 'LT301301_std_3h'; nearest: LT301031_std_3h"):
        named_features(raw(profile), profile, ["LT301301_std_3h"])
