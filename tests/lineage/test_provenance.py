from pathlib import Path

import polars as pl

from plant_assets.ingest.history import History
from plant_assets.ingest.resample import resample
from plant_assets.lineage.provenance import sources_between
from tests.ingest.events import SHA_A, SHA_B, START, drop_of, minutes, records_of, small_profile


def test_a_stretch_of_rows_leads_to_its_files_and_their_rows(tmp_path: Path) -> None:
    lake = History(tmp_path, "small")
    lake.upsert(records_of([(60.0 * hour, "P", 1.0) for hour in range(10)], SHA_A), drop_of(SHA_A))
    lake.upsert(records_of([(300, "P", 2.0)], SHA_B), drop_of(SHA_B))
    raw = resample(lake.scan(), small_profile())
    found = sources_between(raw, lake.drops(), minutes(180), minutes(420))
    assert [str(source) for source in found] == ["aaaa.csv, rows 5-9", "bbbb.csv, row 2"]
    assert found[0].dropped_at == START


def test_a_file_of_no_known_drop_goes_by_its_hash() -> None:
    raw = resample(records_of([(0, "P", 1.0)]), small_profile())
    assert [str(source) for source in sources_between(raw, [], START, START)] == ["aaaaaaaaaaaa, row 2"]


def test_rows_without_values_have_no_sources() -> None:
    raw = resample(records_of([(0, "P", 1.0), (600, "P", 1.0)]), small_profile())
    assert sources_between(raw, [], minutes(300), minutes(420)) == []
    assert raw.filter(pl.col("timestamp") == minutes(300))["P"].to_list() == [None]
