"""History pushed through the live service gives the rows, features and scores of the batch assets."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.grid.resample import resample
from tests.serving.gateway.databases import both_databases
from tests.serving.live.conftest import DAYS
from tests.serving.live.site import readings_of, running_live

pytestmark = pytest.mark.anyio
ROWS = DAYS * 24 - 1
"""All but the last, which no later reading completes."""


def batch_table(records: pl.DataFrame, profile) -> pl.DataFrame:
    known = records.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32))
    return resample(known, profile).head(ROWS)


def batch_scores(table: pl.DataFrame, profile, folder) -> np.ndarray:
    bundle = Bundle.load(folder)
    features = compute_features(with_deviations(table, profile), feature_specs(profile))
    return bundle.score(features.select(bundle.names).to_numpy())


async def test_scores_and_rows_are_those_of_the_batch(live, records, profile, bundles):
    readings = readings_of(records)
    for start in range(0, len(readings), 500):
        await live.send(readings[start : start + 500])
    scores = await live.scores(ROWS)
    table = batch_table(records, profile)
    assert [s.plant_time for s in scores][:ROWS] == table["timestamp"].to_list()
    expected = batch_scores(table, profile, bundles["v1"])
    assert np.abs(np.array([s.risk for s in scores[:ROWS]]) - expected).max() < 1e-9
    shown = (await live.client.get("/plants/gas_treatment/live/rows?hours=48")).json()["rows"]
    rows = {datetime.fromisoformat(row["timestamp"]): row["values"] for row in shown}
    known = table.filter(pl.col("timestamp").is_in(list(rows)))
    assert known.height >= 40
    got = np.array([[rows[t][n] for n in profile.columns] for t in known["timestamp"]], dtype=float)
    assert np.allclose(got, known.select(profile.columns).to_numpy(), rtol=0, atol=1e-9, equal_nan=True)


@both_databases
async def test_a_restart_goes_on_and_scores_no_row_twice(live_settings, mlflow, records, profile, bundles):
    readings = readings_of(records)
    half = len(readings) // 2
    async with running_live(live_settings, mlflow) as first:
        await first.send(readings[:half])
        before = await first.scores(ROWS // 2 - 2)
    async with running_live(live_settings, mlflow) as second:
        for start in range(half, len(readings), 300):
            await second.send(readings[start : start + 300])
        scores = await second.scores(ROWS)
    assert len(before) < len(scores)
    table = batch_table(records, profile)
    assert [s.plant_time for s in scores][:ROWS] == table["timestamp"].to_list()
    expected = batch_scores(table, profile, bundles["v1"])
    assert np.abs(np.array([s.risk for s in scores[:ROWS]]) - expected).max() < 1e-9


async def test_plants_are_watched_again_after_a_part_has_failed(live, records, monkeypatch):
    async def fault() -> str:
        return live.app.state.role.fault

    readings, watches = readings_of(records), live.app.state.watches
    half = len(readings) // 2
    await live.send(readings[:half])
    with monkeypatch.context() as broken:
        broken.setattr(watches, "_reconciler", None)
        await live.until(fault, bool)
    await live.until(fault, lambda fault: not fault)
    await live.send(readings[half:])
    scores = await live.scores(ROWS)
    assert len({score.plant_time for score in scores}) == len(scores)


async def test_years_without_a_reading_are_not_scored_row_by_row(live, records):
    readings = readings_of(records)
    day_us = 86_400_000_000
    old = [r for r in readings if r.time_us < readings[0].time_us + day_us]
    await live.send(old)
    kept = live.app.state.watches.watches["gas_treatment"]._kept
    before = await live.scores(24 + kept)
    later = [r._replace(time_us=r.time_us + 100 * day_us) for r in old]
    await live.send(later)
    scores = await live.scores(len(before) + 20)
    first = scores[len(before)]
    begin = datetime.fromtimestamp(later[0].time_us / 1e6, UTC).replace(minute=0, second=0, microsecond=0)
    assert first.plant_time == begin
    assert first.passed_over == round((begin - before[-1].plant_time).total_seconds() / 3600) - 1
    assert before[-1].stale
    assert not any(s.passed_over for s in scores if s is not first)
