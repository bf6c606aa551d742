"""Drops of live readings: taken in with their checks at once, trained on when enough have gathered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from plant_assets.components.live_drops import readings_alone
from plant_assets.components.plant import plant_definitions
from plant_assets.defs.resources import resources
from plant_assets.ingest.grid.newest import NEWEST_FILE, read_newest
from plant_assets.profile.live_drops import live_drop_name
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.settings import read_settings
from plant_assets.simulation.simulate import simulate
from tests.components.test_drop_sensor import ClockedLake, Plant

START = datetime(2026, 1, 29, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def plant(tmp_path: Path, profile: PlantProfile, monkeypatch: pytest.MonkeyPatch) -> Plant:
    return Plant(tmp_path, profile, monkeypatch)


def live(number: int) -> str:
    """Name of the n-th week's file."""
    return live_drop_name(START + number * WEEK, START + (number + 1) * WEEK)


def week_is_dropped(plant: Plant, number: int) -> dg.RunRequest:
    """A week's file is dropped, requested and taken in; its run succeeds."""
    plant.clock(3600 * (number + 1))
    plant.put(live(number), f"week {number}")
    request = plant.requested()
    plant.start(request, dg.DagsterRunStatus.SUCCESS)
    plant.take_in()
    return request


def models_are_judged(plant: Plant, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    moment = plant.lake.now() + timedelta(seconds=seconds)
    with monkeypatch.context() as patch:
        patch.setattr("dagster._time.get_current_timestamp", moment.timestamp)
        patch.setattr("time.time", moment.timestamp)
        plant.instance.report_runless_asset_event(
            dg.AssetMaterialization(dg.AssetKey([plant.profile.name, "validation_report"]))
        )


def test_a_live_drop_asks_for_readings_alone(plant: Plant) -> None:
    plant.put(live(0))
    assert plant.requested().asset_selection == readings_alone(plant.profile)


def test_beside_another_file_it_trains(plant: Plant) -> None:
    plant.put(live(0))
    plant.put("export.csv", "timestamp,PDT31008\n2024-01-02,1\n")
    assert plant.requested().asset_selection is None


def test_a_request_made_again_asks_for_the_same(plant: Plant) -> None:
    plant.put(live(0))
    first, second = plant.requested(), plant.requested()
    assert first.run_key == second.run_key
    assert first.asset_selection == second.asset_selection == readings_alone(plant.profile)


def test_live_readings_of_more_than_four_weeks_train(plant: Plant) -> None:
    requests = [week_is_dropped(plant, number) for number in range(5)]
    assert [request.asset_selection is None for request in requests] == [False] * 4 + [True]


def test_weeks_are_counted_from_the_last_training(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        week_is_dropped(plant, number)
    models_are_judged(plant, monkeypatch, seconds=60)
    requests = [week_is_dropped(plant, number) for number in range(5, 10)]
    assert [request.asset_selection is None for request in requests] == [False] * 4 + [True]


def test_the_setting_says_how_far_models_may_lag_behind(plant: Plant) -> None:
    fields = {name: getattr(plant.lake, name) for name in ("root", "drop", "quarantine", "state_url")}
    plant.lake = ClockedLake(**fields, live_retrain_hours=100)
    plant.put(live(0))
    assert plant.requested().asset_selection is None


def test_the_run_of_a_live_drop_brings_readings_features_and_checks_up_to_date(forewarn_home: Path) -> None:
    demo = load_profile("demo")
    definitions = dg.Definitions.merge(resources(), plant_definitions(demo, 2))
    records = simulate(demo, START, 10, 7).records
    path = read_settings().drop / "demo" / live_drop_name(START, START + timedelta(days=10))
    path.parent.mkdir(parents=True)
    records.write_parquet(path)

    result = definitions.resolve_job_def("demo__pipeline").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        run_config={"ops": {"demo__raw_sensor_data": {"config": {"files": [str(path)]}}}},
        asset_selection=readings_alone(demo),
    )

    assert result.success
    assets = Path(read_settings().lake_root) / "demo" / "assets"
    made = {file.stem for file in assets.glob("*.parquet")}
    assert made == {"raw_sensor_data", "labeled_dataset", "features", "window_features"}
    raw = pl.read_parquet(assets / "raw_sensor_data.parquet")
    newest = read_newest(assets.parent / NEWEST_FILE)
    assert newest is not None
    assert newest.records[-1][1] == records["timestamp"].dt.epoch("us").max()
    assert (raw["timestamp"].min(), raw.height) == (START, 240)
    checked = {evaluation.asset_key.path[-1] for evaluation in result.get_asset_check_evaluations()}
    assert {"raw_sensor_data", "labeled_dataset", "features", "drift"} <= checked
