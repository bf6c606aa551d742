"""A plant that was trained on exports begins its live rows with what lies before them."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.features.spec import feature_specs, look_back
from plant_assets.ingest.grid.newest import NEWEST_FILE, newest_records
from plant_assets.ingest.grid.resample import resample
from plant_assets.profile.live import LiveOptions
from plant_assets.profile.model import PlantProfile
from serving.live.proof.batch import BatchRows, batch_rows
from serving.live.proof.recorder import LiveRecord
from serving.live.proof.session import proof_service
from serving.live.replay.records import readings_of
from serving.settings import ServingSettings
from tests.serving.live.conftest import START
from tests.serving.live.site import PLANT
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
SPLIT = START + timedelta(days=5, hours=7, minutes=20)
"""In the middle of a row: half of it is dropped, half comes live."""
HOUR_US = 3_600_000_000
when = pl.col("timestamp")


def put_past(home: Path, records: pl.DataFrame, profile: PlantProfile) -> None:
    """The file that the pipeline writes, in the lake of a proof's service."""
    rows = max(look_back(feature_specs(profile)), profile.features.window_steps)
    path = home / "home" / "lake" / PLANT / NEWEST_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(newest_records(records, profile, rows))


async def live_rows(
    home: Path, profile: PlantProfile, records: pl.DataFrame, mlflow: FakeMlflow, parts: int = 1
) -> tuple[LiveRecord, BatchRows | None]:
    """What a service that finds a past in its folder makes of live records; it begins anew for each part."""
    record, models, readings = LiveRecord(), None, list(readings_of(records))
    share = -(-len(readings) // parts)
    options = LiveOptions(clock="readings")
    for start in range(0, len(readings), share):
        async with proof_service(home, profile, ServingSettings(home=home), options, mlflow) as service:
            some = readings[start : start + share]
            for first in range(0, len(some), 300):
                await service.app.state.intake.receive(PLANT, "test", some[first : first + 300])
            await service.finish(0, some[-1].time_us // HOUR_US * HOUR_US)
            record.rows |= service.record.rows
            record.features |= service.record.features
            models = await service.models()
    return record, models  # pyright: ignore[reportReturnType]


def differs(record: LiveRecord, batch: BatchRows, since_us: int) -> list[str]:
    """Rows from a time on that aren't the batch's."""
    found = []
    for number, time_us in enumerate(batch.times_us[:-1]):
        if time_us < since_us:
            continue
        if time_us not in record.rows:
            found.append(f"row {number} is missing")
            continue
        row, made = record.rows[time_us], record.features[time_us]
        pairs = [(row.row.values, batch.values[number]), (row.row.flags, batch.flags[number])]
        pairs += [(one, other[number]) for one, other in zip(made, batch.features, strict=True)]
        equal = [np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True) for one, other in pairs]
        found += [f"row {number}, part {part}" for part, is_equal in enumerate(equal) if not is_equal]
    return found


@pytest.mark.parametrize("parts", [1, 2])
async def test_rows_after_the_history_are_those_of_the_whole(
    tmp_path: Path, profile: PlantProfile, mlflow: FakeMlflow, records: pl.DataFrame, parts: int
) -> None:
    put_past(tmp_path, records.filter(when < SPLIT), profile)
    live = records.filter(when >= SPLIT)
    record, models = await live_rows(tmp_path, profile, live, mlflow, parts)
    whole = records.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32))
    batch = batch_rows(resample(whole, profile), profile, models)  # pyright: ignore[reportArgumentType]
    first_us = round(SPLIT.timestamp() * 1e6) // HOUR_US * HOUR_US
    assert min(record.rows) == first_us
    assert differs(record, batch, first_us) == []


async def test_a_gap_within_the_look_back_has_the_historys_staleness(
    tmp_path: Path, profile: PlantProfile, mlflow: FakeMlflow, records: pl.DataFrame
) -> None:
    begin = SPLIT + timedelta(hours=9)
    put_past(tmp_path, records.filter(when < SPLIT), profile)
    tag = "PDT31008"  # comes a day later than the others: held, stale, then missing
    live = records.filter(when >= begin, (pl.col("tag") != tag) | (when >= begin + timedelta(days=1)))
    record, models = await live_rows(tmp_path, profile, live, mlflow)
    both = pl.concat([records.filter(when < SPLIT), live])
    whole = both.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32))
    batch = batch_rows(resample(whole, profile), profile, models)  # pyright: ignore[reportArgumentType]
    assert differs(record, batch, round(begin.timestamp() * 1e6) // HOUR_US * HOUR_US) == []


async def test_a_history_that_ended_long_ago_is_no_past(
    tmp_path: Path, profile: PlantProfile, mlflow: FakeMlflow, records: pl.DataFrame
) -> None:
    old = records.filter(when < SPLIT).with_columns(when - timedelta(days=300))
    put_past(tmp_path, old, profile)
    live = records.filter(when >= SPLIT)
    record, models = await live_rows(tmp_path, profile, live, mlflow)
    alone = live.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32))
    batch = batch_rows(resample(alone, profile), profile, models)  # pyright: ignore[reportArgumentType]
    assert differs(record, batch, batch.times_us[0]) == []


async def test_a_damaged_file_is_told_and_rows_begin_without_it(
    tmp_path: Path,
    profile: PlantProfile,
    mlflow: FakeMlflow,
    records: pl.DataFrame,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put_past(tmp_path, records.filter(when < SPLIT), profile)
    (tmp_path / "home" / "lake" / PLANT / NEWEST_FILE).write_bytes(b"PAR1 no table PAR1")
    live = records.filter(when >= SPLIT, when < SPLIT + timedelta(days=1))
    record, _ = await live_rows(tmp_path, profile, live, mlflow)
    assert len(record.rows) >= 23
    assert (
        "begins without what lies before its live readings: newest_records.parquet: no table" in caplog.text
    )
