"""A plant simulated day by day is the plant simulated at once."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from itertools import islice

import polars as pl
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.live import STEPS_PER_DAY, DayCheckpoint, LiveUnit
from plant_assets.simulation.scenarios import ScenarioSwitch
from plant_assets.simulation.simulate import simulate
from tests.simulation.conftest import START


def live_days(unit: LiveUnit, switches: Sequence[ScenarioSwitch] = ()):
    checkpoint = DayCheckpoint()
    while True:
        day = unit.day(checkpoint, switches)
        yield day
        checkpoint = day.after


def live_records(
    profile: PlantProfile, days: int, seed: int, switches: Sequence[ScenarioSwitch] = ()
) -> pl.DataFrame:
    unit = LiveUnit(profile, START, seed)
    return pl.concat(day.records for day in islice(live_days(unit, switches), days))


@pytest.mark.parametrize("seed", [3, 7, 11])
def test_days_one_by_one_are_the_simulation_at_once(demo, seed):
    assert live_records(demo, 60, seed).equals(simulate(demo, START, 60, seed).records)


def test_injected_anomalies_come_on_the_same_days_too():
    grid = load_profile("power_grid")
    assert grid.simulation.anomaly_rate > 0
    assert live_records(grid, 6, 9).equals(simulate(grid, START, 6, 9).records)


def test_the_zone_in_which_the_start_is_told_changes_nothing():
    grid = load_profile("power_grid")
    there = LiveUnit(grid, START.astimezone(timezone(timedelta(hours=5, minutes=30))), 9)
    assert there.day(DayCheckpoint()).records.equals(live_records(grid, 1, 9))


def test_live_plant_goes_on_where_the_seeded_month_ends(demo, month):
    longer = live_records(demo, 35, 7)
    assert longer.filter(pl.col("timestamp") < START + timedelta(days=28)).equals(month.records)
    assert longer["timestamp"].max() > START + timedelta(days=34, hours=20)


def test_a_day_follows_from_its_checkpoint_alone(demo):
    days = list(islice(live_days(LiveUnit(demo, START, 5)), 12))
    again = LiveUnit(demo, START, 5).day(days[-1].before)
    assert again.records.equals(days[-1].records)
    assert again.after == days[-1].after


def test_what_is_pending_stays_bounded(demo):
    days = list(islice(live_days(LiveUnit(demo, START, 9)), 120))
    assert max(len(day.after.pending) for day in days) < 60
    for day in days:
        assert all(one.end > day.before.day * STEPS_PER_DAY for one in day.after.pending), "over for a day"


def test_a_switch_changes_nothing_before_it(demo):
    noon = STEPS_PER_DAY * 3 // 2
    plain = live_records(demo, 4, 7)
    switched = live_records(demo, 4, 7, [ScenarioSwitch(noon, "multi_alarm")])
    before = pl.col("timestamp") < START + timedelta(hours=36)
    assert switched.filter(before).equals(plain.filter(before))
    assert not switched.equals(plain)
