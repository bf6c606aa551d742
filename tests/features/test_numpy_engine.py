"""What the newest-row evaluator promises beside the numbers."""

import numpy as np
import pytest

from plant_assets.features.errors import FeatureError
from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import FeatureSpec, feature_sources, feature_specs, look_back
from plant_assets.profile.load import load_profile
from tests.features.cases import frame_of

MEAN = FeatureSpec("b_mean_3h", "b", "mean", 3)


def test_several_sources_keep_the_order_of_the_specs() -> None:
    specs = [FeatureSpec("b_diff_1h", "b", "difference", 1), MEAN, FeatureSpec("a", "a", "value", 1)]
    window = np.array([[0.0, 1.0], [1.0, 2.0], [7.0, 6.0]])
    assert NewestRow(specs, ["a", "b"])(window).tolist() == [4.0, 3.0, 7.0]


def test_every_configured_feature_equals_its_column_in_the_history() -> None:
    profile = load_profile("gas_treatment")
    specs, sources = feature_specs(profile), feature_sources(profile)
    rng = np.random.default_rng(3)
    columns = {t: (200 + rng.normal(size=90).cumsum()).tolist() for t in profile.tag_names}
    frame = with_deviations(frame_of(columns), profile)
    wanted = compute_features(frame, specs).drop("timestamp").row(-1)
    window = frame.select(sources).to_numpy()[-look_back(specs) :]
    assert NewestRow(specs, sources)(window) == pytest.approx(wanted, rel=0, abs=1e-9)


def test_the_window_itself_is_left_as_it_was() -> None:
    window = np.array([[0.0, np.nan], [1.0, np.inf], [7.0, 6.0]])
    before = window.copy()
    NewestRow([MEAN], ["a", "b"])(window)
    assert np.array_equal(window, before, equal_nan=True)


def test_no_specs_give_no_values() -> None:
    assert NewestRow([], ["a"])(np.ones((4, 1))).shape == (0,)


@pytest.mark.parametrize("shape", [(3, 1), (3, 3), (0, 2), (2,)])
def test_a_window_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(FeatureError, match=r"expected shape \(rows, 2\)"):
        NewestRow([MEAN], ["a", "b"])(np.ones(shape))


def test_an_unknown_source_or_kind_is_refused_by_name() -> None:
    with pytest.raises(FeatureError, match="b_mean_3h: expected a source 'b'"):
        NewestRow([MEAN], ["a"])
    with pytest.raises(FeatureError, match="no feature kind 'kurtosis'"):
        NewestRow([FeatureSpec("a_kurtosis_3h", "a", "kurtosis", 3)], ["a"])
