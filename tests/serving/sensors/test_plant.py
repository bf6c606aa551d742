"""The live plant: rows as ingest makes them, one history with the seeded month, and the same after a restart."""

from datetime import timedelta

import orjson
import polars as pl
import pytest

from plant_assets.ingest.grid.quality import FROZEN, HELD, MISSING, SATURATED, STALE, flag_column
from plant_assets.ingest.grid.resample import resample
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import simulate
from serving.sensors.plant import IntervalError, LivePlant
from serving.sensors.rows import SensorRow
from serving.sensors.state import PlantState
from tests.serving.sensors.conftest import ORIGIN, other_plant

PAST = ORIGIN.past_days * 24
WORST_FIRST = {
    MISSING: "missing",
    STALE: "stale",
    FROZEN: "frozen",
    SATURATED: "saturated",
    HELD: "held",
}


def lived(plant: LivePlant, hours: int) -> list[SensorRow]:
    return [plant.advance() for _ in range(hours)]


def as_ingested(records: pl.DataFrame, profile: PlantProfile) -> list[dict]:
    """Rows as `resample` gives them, in the words of the API."""
    table = resample(records.with_columns(file=pl.lit("f"), row=pl.lit(1, pl.UInt32)), profile)
    rows = []
    for row in table.iter_rows(named=True):
        flags = {tag: row[flag_column(tag)] for tag in profile.tag_names}
        worst = {
            tag: next((word for bit, word in WORST_FIRST.items() if bits & bit), "good")
            for tag, bits in flags.items()
        }
        rows.append(
            {
                "timestamp": f"{row['timestamp']:%Y-%m-%dT%H:%M:%SZ}",
                "values": {name: row[name] for name in profile.columns},
                "quality": worst,
            }
        )
    return rows


def read(rows) -> list[dict]:
    return [orjson.loads(row.json) for row in rows]


def test_live_rows_are_those_that_ingest_makes_of_the_same_records(demo):
    plant = LivePlant(demo, ORIGIN)
    plant.activate("multi_alarm")
    lived(plant, 60)
    plant.activate("normal")
    lived(plant, 70)

    expected = as_ingested(plant.records(0, plant.position), demo)
    assert read(plant.rows) == expected
    seen = {word for row in expected for word in row["quality"].values()}
    assert {"good", "held", "saturated"} <= seen


def test_rows_far_from_the_start_are_the_same_too(demo):
    """Flags such as frozen look back further than a day; a window of records has to be enough for them."""
    plant = LivePlant(demo, ORIGIN)
    newest = read(lived(plant, 40 * 24))
    whole = as_ingested(simulate(demo, ORIGIN.start, 68, ORIGIN.seed).records, demo)
    assert newest == whole[PAST : PAST + 40 * 24]
    assert "frozen" in {word for row in newest for word in row["quality"].values()}


def test_the_past_is_the_seeded_month(demo):
    plant = LivePlant(demo, ORIGIN)
    seeded = simulate(demo, ORIGIN.start, ORIGIN.past_days, ORIGIN.seed).records
    assert plant.records(0, PAST).equals(seeded)
    assert PAST - plant.published >= 96, "what people look back over is published first"
    assert plant.time == ORIGIN.start + timedelta(days=ORIGIN.past_days)
    assert [row.number for row in plant.rows] == list(range(PAST))


def test_a_switch_leaves_what_was_shown_and_changes_what_follows(demo):
    plain, switched = LivePlant(demo, ORIGIN), LivePlant(demo, ORIGIN)
    lived(plain, 5), lived(switched, 5)
    assert switched.activate("pressure_rise")
    assert read(switched.rows) == read(plain.rows)
    assert read(lived(switched, 40)) != read(lived(plain, 40))
    assert not switched.activate("pressure_rise")


def test_two_switches_in_one_row_are_the_last_one(demo):
    once, twice = LivePlant(demo, ORIGIN), LivePlant(demo, ORIGIN)
    once.activate("level_swing")
    twice.activate("multi_alarm")
    twice.activate("level_swing")
    assert read(lived(once, 30)) == read(lived(twice, 30))


def restarted(plant: LivePlant) -> LivePlant:
    text = plant.state().model_dump_json()
    return LivePlant(plant.profile, ORIGIN, PlantState.model_validate_json(text))


@pytest.mark.parametrize("hours", [1, 13, 24, 48])
def test_a_restart_has_the_same_past_and_future(demo, hours):
    plant = LivePlant(demo, ORIGIN)
    plant.activate("level_swing")
    lived(plant, hours)
    plant.activate("normal")
    lived(plant, 3)

    again = restarted(plant)
    assert (again.time, again.scenario, again.since) == (plant.time, plant.scenario, plant.since)
    assert read(again.rows) == read(plant.rows)
    assert read(lived(again, 50)) == read(lived(plant, 50))


@pytest.fixture
def small_ring(monkeypatch):
    monkeypatch.setattr("serving.sensors.plant.RING", 72)
    return 72


def test_an_old_plant_keeps_a_bounded_past_and_restarts_from_it(demo, small_ring):
    plant = LivePlant(demo, ORIGIN)
    for _ in range(30):
        lived(plant, 30)
        plant.activate("pressure_rise" if plant.scenario == "normal" else "normal")
        plant.published = plant.position
    assert len(plant.rows) == small_ring
    state = plant.state()
    assert state.checkpoint.day >= ORIGIN.past_days + 30
    assert len(state.switches) < 12
    assert len(state.model_dump_json()) < 20_000

    again = restarted(plant)
    assert read(again.rows) == read(plant.rows)
    assert read(lived(again, 30)) == read(lived(plant, 30))


def test_records_that_are_not_published_yet_are_kept(demo, small_ring):
    plant = LivePlant(demo, ORIGIN)
    first_day = plant.records(PAST, PAST + 24)
    lived(plant, 20 * 24)
    assert first_day.is_empty()
    assert plant.records(PAST, PAST + 24).height > 100
    plant.published = plant.position
    lived(plant, 48)
    assert plant.records(PAST, PAST + 24).is_empty()


def test_a_plant_without_known_facts_lives_on_plain_noise(demo):
    plant = LivePlant(other_plant(demo), ORIGIN)
    rows = read(lived(plant, 48))
    assert set(rows[0]["values"]) == {"PI100", "PI200"}
    expected = as_ingested(plant.records(0, plant.position), plant.profile)
    all_rows = read(plant.rows)
    assert all_rows[: len(expected)] == expected
    # An hour without any record is a row as well, which ingest makes once a later record came.
    held = {word for row in all_rows[len(expected) :] for word in row["quality"].values()}
    assert held <= {"held"}


@pytest.mark.parametrize("minutes", [5, 30, 360])
def test_other_intervals(demo, minutes):
    spans = dict.fromkeys(("hold_limit", "stale_after", "frozen_after"), "24h")
    profile = other_plant(
        demo,
        sampling={"interval": f"{minutes}m", **spans},
        features={"mean": ["24h"]},
        horizons=["6h"],
    )
    plant = LivePlant(profile, ORIGIN)
    first = lived(plant, 30)[0]
    assert first.timestamp == ORIGIN.start + timedelta(days=ORIGIN.past_days)
    times = [row["timestamp"] for row in read(list(plant.rows)[-2:])]
    assert timedelta(minutes=minutes) == plant.time_of(1) - plant.time_of(0)
    assert times[0] != times[1]


@pytest.mark.parametrize("interval", ["7m", "10h"])
def test_an_interval_that_no_day_consists_of_is_refused(demo, interval):
    spans = dict.fromkeys(("hold_limit", "stale_after", "frozen_after"), interval)
    profile = other_plant(
        demo,
        sampling={"interval": interval, **spans},
        features={},
        horizons=[],
        models=["isolation_forest"],
        validation={"gap": interval},
    )
    with pytest.raises(IntervalError, match=r"sampling\.interval: expected a multiple of 5 minutes"):
        LivePlant(profile, ORIGIN)
