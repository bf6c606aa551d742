"""Parquet to Parquet equals the kernel in memory, and leaves nothing half written."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.features.errors import FeatureError
from plant_assets.features.files import compute_features_file
from plant_assets.features.polars_engine import compute_features
from tests.features.cases import frame_of, specs_for

SPECS = specs_for("x")


@pytest.fixture
def history() -> pl.DataFrame:
    rng = np.random.default_rng(11)
    values = 1000 + rng.normal(size=2000).cumsum()
    values[rng.random(2000) < 0.03] = np.nan
    return frame_of({"x": values.tolist(), "unused": [0.0] * 2000})


@pytest.mark.parametrize("batch_rows", [7, 250, 5000])
def test_batches_of_any_length_give_what_memory_gives(
    tmp_path: Path, history: pl.DataFrame, batch_rows: int
) -> None:
    history.write_parquet(tmp_path / "raw.parquet", row_group_size=333)
    rows = compute_features_file(
        tmp_path / "raw.parquet", tmp_path / "features.parquet", SPECS, batch_rows=batch_rows
    )
    got, wanted = pl.read_parquet(tmp_path / "features.parquet"), compute_features(history, SPECS)
    assert rows == 2000
    assert got.schema == wanted.schema
    assert got["timestamp"].equals(wanted["timestamp"])
    assert got.null_count().equals(wanted.null_count())
    difference = got.drop("timestamp").to_numpy() - wanted.drop("timestamp").to_numpy()
    assert np.nanmax(np.abs(difference)) <= 1e-9
    assert sorted(p.name for p in tmp_path.iterdir()) == ["features.parquet", "raw.parquet"]


def test_an_absent_column_is_named_and_nothing_is_written(tmp_path: Path, history: pl.DataFrame) -> None:
    history.drop("x").write_parquet(tmp_path / "raw.parquet")
    with pytest.raises(FeatureError, match=r"raw\.parquet: expected a column 'x'"):
        compute_features_file(tmp_path / "raw.parquet", tmp_path / "features.parquet", SPECS)
    assert [p.name for p in tmp_path.iterdir()] == ["raw.parquet"]


def test_a_hole_in_the_grid_far_on_leaves_no_half_result(tmp_path: Path, history: pl.DataFrame) -> None:
    history[[*range(1500), *range(1501, 2000)]].write_parquet(tmp_path / "raw.parquet")
    with pytest.raises(FeatureError, match="equally spaced"):
        compute_features_file(tmp_path / "raw.parquet", tmp_path / "features.parquet", SPECS, batch_rows=100)
    assert not (tmp_path / "features.parquet").exists()
    assert not list(tmp_path.glob(".*partial"))
