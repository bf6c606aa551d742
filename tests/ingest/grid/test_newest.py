"""The newest records of a history make the rows that the whole history makes."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.ingest.grid.newest import newest_records, read_newest
from plant_assets.ingest.grid.quality import flag_column
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.grid.stream import StreamGrid
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def history(profile: PlantProfile) -> pl.DataFrame:
    """Twenty days; a tag falls silent after ten, and another is uncertain."""
    records = simulate(profile, START, 20, 5).records
    silent = (pl.col("tag") == "FQ31050") & (pl.col("timestamp") > datetime(2026, 1, 10, tzinfo=UTC))
    doubted = pl.when(pl.col("tag") == "TE301020").then(pl.lit("uncertain")).otherwise(pl.lit("good"))
    kept = records.filter(~silent).with_columns(doubted.cast(records.schema["quality"]).alias("quality"))
    return kept.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32))


def rows_of(path: Path, profile: PlantProfile) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Times, values and flags of the rows that the file's records make."""
    found = read_newest(path)
    assert found is not None
    grid = StreamGrid(profile, 1000)
    assert grid.add_all(found.records) == []
    slots = range(found.complete_us // HOUR_US, found.records[-1][1] // HOUR_US + 1)
    rows = [grid.close(slot) for slot in slots]
    return (
        [row.time_us for row in rows],
        np.array([row.values for row in rows]),
        np.array([row.flags for row in rows]),
    )


@pytest.mark.parametrize(("look_back", "rows"), [(10, 97), (200, 201), (5000, 480)])
def test_their_rows_are_those_of_the_whole_history(
    history: pl.DataFrame, profile: PlantProfile, tmp_path: Path, look_back: int, rows: int
) -> None:
    path = tmp_path / "newest.parquet"
    path.write_bytes(newest_records(history.sample(fraction=1, shuffle=True, seed=1), profile, look_back))
    times, values, flags = rows_of(path, profile)
    whole = resample(history, profile).tail(rows)
    assert times == whole["timestamp"].dt.epoch("us").to_list()
    np.testing.assert_array_equal(values, whole.select(profile.columns).to_numpy())
    np.testing.assert_array_equal(flags, whole.select(map(flag_column, profile.tag_names)).to_numpy())


def test_where_there_is_no_file_there_is_nothing(tmp_path: Path) -> None:
    assert read_newest(tmp_path / "newest.parquet") is None


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "newest.parquet"
    path.write_bytes(b"PAR1 is not all")
    with pytest.raises(ValueError, match=r"newest\.parquet: no table of records"):
        read_newest(path)
    pl.DataFrame({"timestamp": [START], "tag": ["PDT31008"]}).write_parquet(path)
    with pytest.raises(ValueError, match="expected records with columns timestamp, tag, value, uncertain"):
        read_newest(path)
