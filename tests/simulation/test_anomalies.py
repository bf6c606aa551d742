"""A plant without known facts: normal operation within its bands, and anomalies at the rate that is asked for."""

from datetime import timedelta

import polars as pl
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import SimulatedPlant, simulate
from tests.simulation.conftest import START


@pytest.fixture(scope="module")
def grid() -> PlantProfile:
    return load_profile("power_grid")


@pytest.fixture(scope="module")
def calm(grid: PlantProfile) -> SimulatedPlant:
    return simulate(grid, START, 28, 5, anomaly_rate=0)


def rows(simulation: SimulatedPlant) -> pl.DataFrame:
    """One value a tag and interval, and whether the interval lies in an anomaly of that tag."""
    values = simulation.records.group_by("tag", pl.col("timestamp").dt.truncate("5m")).agg(
        pl.col("value").last()
    )
    spans = simulation.events.select("onset", "end", tag=pl.col("tags").list.first())
    inside = (
        values.join(spans, on="tag")
        .filter((pl.col("timestamp") >= pl.col("onset")) & (pl.col("timestamp") < pl.col("end")))
        .select("tag", "timestamp", anomalous=pl.lit(value=True))
        .unique()
    )
    return values.join(inside, on=["tag", "timestamp"], how="left").with_columns(
        pl.col("anomalous").fill_null(False)
    )


def test_without_anomalies_every_tag_stays_in_its_normal_band(
    grid: PlantProfile, calm: SimulatedPlant
) -> None:
    assert calm.events.is_empty()
    for tag in grid.tags:
        values = calm.records.filter(tag=tag.name)["value"]
        assert tag.normal is not None
        assert tag.normal[0] <= values.min() <= values.max() <= tag.normal[1]
        assert values.n_unique() > 20


def test_readings_come_at_every_interval(calm: SimulatedPlant) -> None:
    counts = rows(calm).group_by("tag").len()
    assert counts["len"].min() >= 28 * 288 * 0.99


def test_a_load_follows_the_day_and_a_voltage_does_not(calm: SimulatedPlant) -> None:
    def mean(tag: str, hour: int) -> float:
        found = calm.records.filter((pl.col("tag") == tag) & (pl.col("timestamp").dt.hour() == hour))["value"]
        return found.mean()

    assert mean("current", 16) - mean("current", 4) > 4.5
    assert abs(mean("voltage", 16) - mean("voltage", 4)) < 1.5


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_anomalies_take_the_share_of_rows_that_is_asked_for(grid: PlantProfile, rate: float) -> None:
    found = rows(simulate(grid, START, 180, 3, anomaly_rate=rate))
    share = found.group_by("timestamp").agg(pl.col("anomalous").any())["anomalous"].mean()
    assert 0.75 * rate < share < 1.15 * rate


def test_the_plant_beneath_the_anomalies_is_the_same_at_every_rate(
    grid: PlantProfile, calm: SimulatedPlant
) -> None:
    disturbed = rows(simulate(grid, START, 28, 5, anomaly_rate=0.05))
    both = disturbed.join(rows(calm), on=["tag", "timestamp"], suffix="_calm")
    moved = (both["value"] - both["value_calm"]).abs() > 1e-9
    assert not moved.filter(~both["anomalous"]).any()
    assert moved.filter(both["anomalous"]).mean() > 0.95


def test_the_profile_sets_the_rate_where_none_is_given(grid: PlantProfile) -> None:
    assert grid.simulation.anomaly_rate == 0.05
    assert simulate(grid, START, 5, 3).events.equals(simulate(grid, START, 5, 3, anomaly_rate=0.05).events)


def test_a_longer_simulation_begins_with_the_shorter_one(grid: PlantProfile) -> None:
    end = START + timedelta(days=4)
    short, long = simulate(grid, START, 4, 2), simulate(grid, START, 9, 2)
    assert short.records.equals(long.records.filter(pl.col("timestamp") < end))
    assert short.events.equals(long.events.filter(pl.col("onset") < end))


@pytest.mark.parametrize("rate", [-0.1, 0.51])
def test_a_rate_that_is_no_share_is_refused(grid: PlantProfile, rate: float) -> None:
    with pytest.raises(ValueError, match=r"anomaly_rate: expected 0 to 0\.5"):
        simulate(grid, START, 1, 1, anomaly_rate=rate)
