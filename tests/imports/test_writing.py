"""Drops of imported records: whole, readable by the drafted plant, and none where one can't be written."""

from pathlib import Path

import polars as pl
import pytest

from plant_assets.draft.draft import draft_from
from plant_assets.imports import writing
from plant_assets.imports.files import find_parts
from plant_assets.imports.reading import read_parts
from plant_assets.imports.writing import write_records
from plant_assets.ingest.reading import read_drop_file
from tests.imports.folders import components, variables


@pytest.mark.parametrize("folder", [components, variables])
@pytest.mark.parametrize("most_cells", [15_000_000, 300])
def test_what_is_written_is_read_again(
    folder, most_cells: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_CELLS", most_cells)
    found = read_parts(find_parts(folder(tmp_path / "in"), None, None).parts, timezone="UTC")
    profile = draft_from("site", found.exports).profile
    (tmp_path / "drop").mkdir()
    files = write_records(found.exports.records, tmp_path / "drop", "site_import")
    assert (len(files) == 1) == (most_cells > 300)
    read = pl.concat([read_drop_file(file, profile).records for file in files]).sort("tag", "timestamp")
    kept = ["timestamp", "tag", "value"]
    assert read.select(kept).equals(found.exports.records.sort("tag", "timestamp").select(kept))


def test_none_is_left_where_one_could_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_CELLS", 300)
    found = read_parts(find_parts(components(tmp_path / "in"), None, None).parts, timezone="UTC")
    drop = tmp_path / "drop"
    (drop / "site_import_02.parquet").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_records(found.exports.records, drop, "site_import")
    assert [path.name for path in drop.iterdir()] == ["site_import_02.parquet"]
