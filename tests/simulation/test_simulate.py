import subprocess
import sys
from datetime import datetime, timedelta

import polars as pl
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.simulation.simulate import simulate
from tests.simulation.conftest import START

DIGEST = """
from datetime import UTC, datetime
from plant_assets.profile.load import load_profile
from plant_assets.simulation.simulate import simulate
print(simulate(load_profile("demo"), datetime(2026, 1, 1, tzinfo=UTC), 5, 3).records.hash_rows(seed=1).sum())
"""


def test_same_seed_gives_same_records_in_another_process(demo):
    here = simulate(demo, START, 5, 3).records.hash_rows(seed=1).sum()

    there = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)

    assert int(there.stdout) == here


def test_seeds_differ(demo):
    assert not simulate(demo, START, 2, 1).records.equals(simulate(demo, START, 2, 2).records)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_longer_simulation_begins_with_the_shorter_one(demo, seed):
    short, long = simulate(demo, START, 12, seed), simulate(demo, START, 40, seed)
    end = START + timedelta(days=12)

    assert short.records.equals(long.records.filter(pl.col("timestamp") < end))
    assert short.events.equals(long.events.filter(pl.col("onset") < end))


def test_records_are_raw_events_of_every_tag(month):
    counts = month.records.group_by("tag").len()
    per_hour = month.records.group_by("tag", pl.col("timestamp").dt.truncate("1h")).len()

    assert set(counts["tag"]) == set(month.profile.tag_names)
    assert per_hour["len"].max() > 3
    assert month.records["timestamp"].is_sorted()
    assert month.records["value"].is_finite().all()
    assert month.records["quality"].unique().to_list() == ["good"]


def test_no_tag_stays_silent_beyond_the_heartbeat(month):
    gaps = month.records.group_by("tag").agg(pl.col("timestamp").diff().max())

    assert gaps["timestamp"].max() <= timedelta(hours=4)


def test_values_stay_in_the_physical_range(month):
    for tag in month.profile.tags:
        values = month.records.filter(pl.col("tag") == tag.name)["value"]
        assert tag.range[0] <= values.min() <= values.max() <= tag.range[1]


def test_saturated_tag_is_pinned_and_constant_set_points_stay(month):
    def values(tag):
        return month.records.filter(pl.col("tag") == tag)["value"]

    assert (values("LT31013") > 105).mean() > 0.8
    assert values("LT31013").max() < 105.1
    assert values("LIC31012_SP").unique().to_list() == [80.0]
    assert values("FIC31011_SP").n_unique() > 1


def test_flooding_raises_the_differential_pressure_at_its_onset(demo):
    quarter = simulate(demo, START, 90, 11)
    pressure = quarter.records.filter(pl.col("tag") == "PDT31008")
    floods = quarter.events.filter(pl.col("kind") == "flooding")
    peaks = [
        pressure.filter(pl.col("timestamp").is_between(row["onset"], row["end"]))["value"].max()
        for row in floods.iter_rows(named=True)
    ]

    assert len(peaks) >= 10
    assert sum(p > 300 for p in peaks) >= 0.9 * len(peaks)


def test_about_a_third_of_events_has_no_precursor(demo):
    events = pl.concat([simulate(demo, START, 90, seed).events for seed in range(8)])
    alarming = events.filter(pl.col("kind").is_in(["flooding", "reboiler_swings", "controller_upset"]))

    assert 0.27 < 1 - alarming["has_precursor"].mean() < 0.40
    assert alarming.filter("has_precursor")["precursor_start"].null_count() == 0
    assert (
        alarming.filter(~pl.col("has_precursor"))["precursor_start"].null_count()
        == alarming.filter(~pl.col("has_precursor")).height
    )


def test_sensor_faults_of_all_modes_occur(demo):
    events = pl.concat([simulate(demo, START, 90, seed).events for seed in range(4)])

    modes = events.filter(pl.col("kind") == "sensor_fault")["detail"].unique()

    assert set(modes) == {"frozen", "spike", "drift", "bias"}


def test_event_rate_scales_events_and_zero_is_a_quiet_plant(demo):
    def excursions(rate):
        kinds = simulate(demo, START, 90, 4, event_rate=rate).events["kind"]
        return kinds.is_in(["flooding", "reboiler_swings", "controller_upset", "set_point_kick"]).sum()

    assert excursions(0) == 0
    assert excursions(0.4) < excursions(2.0)


def test_another_plant_is_simulated_from_its_bands_alone():
    profile = load_profile("gas_treatment")
    renamed = [
        {
            **tag.model_dump(mode="json"),
            "name": tag.name.replace("3", "9"),
            "controller": None,
            "role": "indicator",
        }
        for tag in profile.tags[:6]
    ]
    models = [name for name in profile.models if name != "deviation_predictor"]
    changes = {"tags": renamed, "deviation_target": None, "models": models}
    other = profile.model_validate({**profile.model_dump(mode="json"), **changes})

    simulation = simulate(other, START, 3, 1)

    assert set(simulation.records["tag"]) == {tag["name"] for tag in renamed}
    assert simulation.events.filter(pl.col("kind") == "flooding").is_empty()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": 0}, "days: expected at least 1"),
        ({"seed": -1}, "seed: expected 0 or more"),
        ({"event_rate": -0.1}, "event_rate: expected 0 or more"),
        ({"start": datetime(2026, 1, 1)}, "start: expected a time with time zone"),
    ],
)
def test_bad_arguments_are_refused(demo, change, words):
    arguments = {"start": START, "days": 1, "seed": 1, "event_rate": 1.0} | change

    with pytest.raises(ValueError, match=words):
        simulate(demo, **arguments)
