"""A history that is pushed through a source gives the rows, features, scores and warnings of the batch."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from serving.broker.address import read_broker
from serving.live.plants import watch
from serving.live.proof.feeds import ProofSource
from serving.live.proof.prove import ProofPlan, prove_replay
from serving.live.proof.session import ProofError
from serving.settings import ServingSettings
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)


def history(profile: PlantProfile, days: int) -> pl.DataFrame:
    found = simulate(profile, START, days, 3).records
    return found.with_columns(file=pl.lit("").cast(pl.Categorical), row=pl.lit(1, pl.UInt32))


@pytest.fixture
def installed(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "installed")


async def test_a_month_by_push_is_as_the_batch_has_it(
    profile: PlantProfile, mlflow: FakeMlflow, installed: ServingSettings, tmp_path: Path
) -> None:
    plan = ProofPlan(history(profile, 30), profile, "push")
    verdict = await prove_replay(plan, tmp_path / "own", installed, transport=mlflow)
    assert [table.first for table in verdict.tables if table.first] == []
    rows = {table.title: table.rows for table in verdict.tables}
    assert rows["rows"] == rows["values"] == rows["scores"] == 30 * 24
    assert {"quality flags", "alarm rules", "features of forecaster_3h"} <= rows.keys()
    assert verdict.warnings > 0
    assert not installed.home.exists()


@pytest.mark.parametrize("source", ["mqtt", "sparkplug"])
async def test_some_days_by_a_broker_are_as_the_batch_has_them(
    profile: PlantProfile, mlflow: FakeMlflow, tmp_path: Path, mosquitto, source: ProofSource
) -> None:
    settings = ServingSettings(home=tmp_path, mqtt_url=mosquitto.url, mqtt_group=f"proof-{source}")
    plan = ProofPlan(history(profile, 4), profile, source, sensor=read_broker(settings))
    verdict = await prove_replay(plan, tmp_path / "own", settings, transport=mlflow)
    assert [table.first for table in verdict.tables if table.first] == []
    assert verdict.tables[0].rows == 4 * 24


async def test_uncertain_values_are_left_out_of_features_and_not_of_rules(
    profile: PlantProfile, mlflow: FakeMlflow, installed: ServingSettings, tmp_path: Path
) -> None:
    records = history(profile, 5)
    doubt = (pl.col("tag").is_in(["PDT31008", "LIC31002_PV"])) & (pl.col("timestamp").dt.hour() % 5 < 2)
    quality = (
        pl.when(doubt).then(pl.lit("uncertain")).otherwise(pl.lit("good")).cast(records.schema["quality"])
    )
    high = doubt & (pl.col("tag") == "PDT31008") & (pl.col("timestamp").dt.day() == 4)
    moved = pl.when(high).then(pl.col("value") + 200).otherwise("value")
    plan = ProofPlan(records.with_columns(quality=quality, value=moved), profile, "push")
    verdict = await prove_replay(plan, tmp_path / "own", installed, transport=mlflow)
    assert [table.first for table in verdict.tables if table.first] == []
    assert verdict.warnings > 0


async def test_a_difference_is_named_by_time_and_tag(
    profile: PlantProfile,
    mlflow: FakeMlflow,
    installed: ServingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = watch._records
    wrong_us = round(START.timestamp() * 1e6) + 24 * 3_600_000_000

    def a_little_off(readings):
        moved = {("PDT31008", True): 1e-6}
        return [(n, t, v + moved.get((n, t >= wrong_us), 0.0), u) for n, t, v, u in sound(readings)]

    monkeypatch.setattr(watch, "_records", a_little_off)
    plan = ProofPlan(history(profile, 2), profile, "intake")
    verdict = await prove_replay(plan, tmp_path / "own", installed, transport=mlflow)
    values = next(table for table in verdict.tables if table.title == "values")
    assert not verdict.is_equal
    assert values.first.startswith("2026-01-02 00:00:00 UTC PDT31008: live ")
    assert 0.9e-6 < values.largest < 1.1e-6
    assert next(table for table in verdict.tables if table.title == "features of forecaster_1h").differing


async def test_a_plant_without_models_is_told(
    profile: PlantProfile, installed: ServingSettings, tmp_path: Path
) -> None:
    plan = ProofPlan(history(profile, 1), profile, "intake")
    with pytest.raises(ProofError, match="plant_alarm_champion is not loaded: no version has the alias"):
        await prove_replay(plan, tmp_path / "own", installed, transport=FakeMlflow())
