from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from plant_assets.ingest.reading import read_drop_file
from plant_assets.simulation.drops import LAYOUTS, Layout, write_drop, write_operator_log
from plant_assets.simulation.simulate import SimulatedPlant, simulate
from tests.simulation.conftest import START

NOW = START + timedelta(days=400)


@pytest.fixture(scope="module")
def days(demo) -> SimulatedPlant:
    return simulate(demo, START, 3, 5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ingest_reads_back_every_record_of_every_layout(days: SimulatedPlant, layout: Layout, tmp_path: Path):
    paths = write_drop(days, layout, tmp_path)

    read = pl.concat([read_drop_file(path, days.profile, max_bytes=10**8, now=NOW).records for path in paths])

    columns = ["timestamp", "tag", "value"]
    found = read.select(columns).cast({"tag": pl.String})
    assert_frame_equal(found.sort(columns), days.records.select(columns).sort(columns), abs_tol=1e-9)


def test_per_tag_drop_has_a_workbook_for_each_controller_and_simple_tag(days: SimulatedPlant, tmp_path: Path):
    names = {path.stem for path in write_drop(days, "per_tag_xlsx", tmp_path)}

    assert {"LIC31002", "LIC31012", "FIC31011", "PDT31008"} <= names
    assert "LIC31002_PV" not in names


def test_operator_log_is_read_back_as_periods(month: SimulatedPlant, tmp_path: Path):
    path = write_operator_log(month, tmp_path)

    periods = read_drop_file(path, month.profile, max_bytes=10**8, now=NOW).periods

    assert periods is not None
    assert periods["start"].to_list() == month.operator_log["start_time"].to_list()


def test_unknown_layout_is_refused_by_name(days: SimulatedPlant, tmp_path: Path):
    with pytest.raises(ValueError, match=r"wide_csv.*got 'sideways'"):
        write_drop(days, "sideways", tmp_path)  # type: ignore[arg-type]


def test_times_without_offset_are_local(demo, tmp_path: Path):
    berlin = demo.model_copy(update={"timezone": "Europe/Berlin"})
    path = write_drop(simulate(berlin, datetime(2026, 7, 1, tzinfo=UTC), 1, 1), "wide_csv", tmp_path)[0]

    assert pl.read_csv(path)["timestamp"][0] == "2026-07-01 02:00:00"
