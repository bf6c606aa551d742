"""On the real unit: features that the export carries too come out the same."""

from pathlib import Path

import polars as pl
import pytest

from plant_assets.features.polars_engine import compute_features, named_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.profile.model import PlantProfile

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def export(real_data: Path) -> pl.DataFrame:
    frame = pl.read_csv(real_data / "gas_treatment" / "labeled_dataset.csv")
    return frame.with_columns(pl.col("timestamp").str.to_datetime(time_unit="us", time_zone="UTC"))


@pytest.mark.parametrize("tag", ["LT301031", "PDT31008", "FQ31050", "TE301020"])
def test_rolling_columns_of_the_export_are_reproduced(
    export: pl.DataFrame, profile: PlantProfile, tag: str
) -> None:
    raw = export.select("timestamp", *profile.columns)
    ours = named_features(raw, profile, [f"{tag}_std_3h", f"{tag}_mean_3h"])[1:]
    theirs = export[1:]
    mean = (ours[f"{tag}_mean_3h"] - theirs[f"{tag}_roll3h_mean"]).abs()
    # The export's running sums leave 2e-7 on constant windows, where ours is 0: compare the variances.
    variance = (ours[f"{tag}_std_3h"] ** 2 - theirs[f"{tag}_roll3h_std"] ** 2).abs()
    assert mean.null_count() == variance.null_count() == 0
    assert mean.to_numpy().max() <= 1e-9
    assert variance.to_numpy().max() <= 1e-9


def test_the_reboiler_levels_deviation_equals_the_exports(
    export: pl.DataFrame, profile: PlantProfile
) -> None:
    ours = named_features(export.select("timestamp", *profile.columns), profile, ["LT301031_std_3h"])
    difference = (ours["LT301031_std_3h"] - export["LT301031_roll3h_std"])[1:].abs()
    assert difference.to_numpy().max() <= 1e-9


def test_deviations_are_the_exports_with_the_sign_turned(export: pl.DataFrame, profile: PlantProfile) -> None:
    ours = with_deviations(export.select("timestamp", *profile.columns), profile)
    for name in profile.deviations:
        assert (ours[name] + export[name]).abs().to_numpy().max() <= 1e-9


def test_every_feature_has_values_on_the_real_unit(export: pl.DataFrame, profile: PlantProfile) -> None:
    raw = with_deviations(export.select("timestamp", *profile.columns), profile)
    features = compute_features(raw, feature_specs(profile))
    assert features.height == export.height
    warm = features[36:]
    assert [name for name in warm.columns if warm[name].null_count()] == []
