from datetime import timedelta
from pathlib import Path

import polars as pl

from plant_assets.bundle.data_files import MOST_FILES, DataFiles
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.ingest.records import PERIOD_SCHEMA
from plant_assets.lineage.data_files import data_files
from tests.ingest.events import SHA_A, SHA_B, START, drop_of, minutes, records_of, small_profile

NO_PERIODS = pl.DataFrame(schema=PERIOD_SCHEMA)


def test_each_file_with_its_rows_and_the_time_that_they_cover(tmp_path: Path) -> None:
    lake = PlantHistory(tmp_path, "small")
    lake.upsert(records_of([(60.0 * hour, "P", 1.0) for hour in range(10)], SHA_A), drop_of(SHA_A))
    lake.upsert(records_of([(300, "P", 2.0)], SHA_B), drop_of(SHA_B))
    found = data_files(resample(lake.scan(), small_profile()), NO_PERIODS, lake.drops())
    assert [(f.name, f.first_row, f.last_row) for f in found.files] == [
        ("aaaa.csv", 2, 11),
        ("bbbb.csv", 2, 2),
    ]
    whole = found.files[0]
    assert (whole.first, whole.last) == (START, START + timedelta(hours=9))
    assert (whole.sha256, whole.kind, whole.dropped_at) == (SHA_A, "readings", START)
    assert whole.ingested_records == lake.drops()[0].files[0].rows
    assert DataFiles.model_validate_json(found.model_dump_json()) == found


def test_files_of_older_bundles_are_read() -> None:
    file = {"sha256": SHA_A, "name": "a.csv", "kind": "readings", "first_row": 2, "last_row": 3}
    times = {"first": START.isoformat(), "last": START.isoformat()}
    older = {"files": [{**file, **times, "ingested_rows": 18}], "further_files": 1, "further_rows": 9}
    found = DataFiles.model_validate(older)
    assert (found.files[0].ingested_records, found.further_records) == (18, 9)


def test_an_operator_log_stands_with_the_periods_that_touch_the_rows() -> None:
    table = resample(records_of([(60.0 * hour, "P", 1.0) for hour in range(10)], SHA_A), small_profile())
    rows = [
        {
            "start": START - timedelta(days=9),
            "end": START - timedelta(days=8),
            "reason": "old",
            "file": SHA_B,
            "row": 2,
        },
        {"start": minutes(60), "end": minutes(120), "reason": "flooding", "file": SHA_B, "row": 5},
    ]
    found = data_files(table, pl.DataFrame(rows, schema=PERIOD_SCHEMA), [])
    (log,) = [file for file in found.files if file.kind == "operator_log"]
    assert (log.first_row, log.last_row, log.first) == (5, 5, minutes(60))
    assert (log.name, log.ingested_records, log.dropped_at) == ("", None, None)


def test_of_very_many_files_the_newest_are_named_and_the_others_counted() -> None:
    several = MOST_FILES + 3
    names = [f"{number:064x}" for number in range(several)]
    table = pl.DataFrame(
        {
            "timestamp": [START + timedelta(hours=n) for n in range(several)],
            "sources": [[{"file": name, "first_row": 2, "last_row": 4}] for name in names],
        }
    )
    drop = DropInfo(tuple(DropFile(name, f"{name}.csv", 3) for name in names), START, 1)
    found = data_files(table, NO_PERIODS, [drop])
    assert len(found.files) == MOST_FILES
    assert found.files[0].sha256 == names[-1]
    assert (found.further_files, found.further_records) == (3, 9)


def test_a_table_that_knows_no_sources_has_no_files() -> None:
    assert data_files(pl.DataFrame({"timestamp": [START]}), NO_PERIODS, []) == DataFiles()
