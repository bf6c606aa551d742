"""Readings for runs that are killed: a simulated plant, with an alarm every week so that warnings come and go."""

from datetime import UTC, datetime, timedelta

import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from serving.live.readings import RawReading

START = datetime(2024, 1, 1, tzinfo=UTC)
SEED = 3
ALARM_MBAR = 320.0


def pressed_readings(profile: PlantProfile, count: int) -> list[RawReading]:
    """The first readings of a plant by time, each key once; times are whole milliseconds, as stores count."""
    days = 8
    while (table := _records(profile, days)).height < count:
        days *= 2
    table = table.head(count)
    columns = table["tag"].to_list(), table["timestamp"].dt.epoch("us").to_list(), table["value"].to_list()
    return [RawReading(*one) for one in zip(*columns, strict=True)]


def complete_rows(readings: list[RawReading], profile: PlantProfile) -> int:
    """How many rows end before the last reading."""
    step_us = profile.sampling.interval // timedelta(microseconds=1)
    return readings[-1].time_us // step_us - readings[0].time_us // step_us


def _records(profile: PlantProfile, days: int) -> pl.DataFrame:
    table = simulate(profile, START, days, SEED).records
    pressed = (pl.col("tag") == "PDT31008_max") & (pl.col("timestamp").dt.weekday() == 3)
    value = pl.when(pressed).then(pl.lit(ALARM_MBAR)).otherwise(pl.col("value"))
    made = table.select(
        pl.col("timestamp").dt.truncate("1ms"), pl.col("tag").cast(pl.String), value.alias("value")
    )
    return made.unique(["timestamp", "tag"], keep="first").sort("timestamp", "tag")
