"""Assets as Parquet files: round trip, atomic, and clear where nothing is there yet."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from plant_assets.ingest.storage import StorageFullError
from plant_assets.resources.files import write_whole
from plant_assets.resources.parquet import ParquetIOManager

TABLE = pl.DataFrame({"a": [1.5, None], "tags": [["x"], []]})


def _out(key: str = "raw") -> dg.OutputContext:
    return dg.build_output_context(step_key=key, asset_key=dg.AssetKey(["mine", key]))


def _in(key: str = "raw") -> dg.InputContext:
    return dg.build_input_context(asset_key=dg.AssetKey(["mine", key]))


def test_table_comes_back_from_its_place(tmp_path: Path) -> None:
    manager = ParquetIOManager(UPath(tmp_path))
    manager.handle_output(_out(), TABLE)
    assert (tmp_path / "mine" / "assets" / "raw.parquet").is_file()
    assert manager.load_input(_in()).equals(TABLE)


def test_object_store_takes_the_same(tmp_path: Path) -> None:
    manager = ParquetIOManager(UPath("memory://lake"))
    manager.handle_output(_out(), TABLE)
    assert manager.load_input(_in()).equals(TABLE)


def test_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = ParquetIOManager(UPath(tmp_path))
    manager.handle_output(_out(), TABLE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageFullError, match=r"raw\.parquet: no room left to write"):
        manager.handle_output(_out(), TABLE.head(1))
    assert manager.load_input(_in()).equals(TABLE)
    assert [path.name for path in (tmp_path / "mine" / "assets").iterdir()] == ["raw.parquet"]


def test_asset_that_was_never_made_says_so(tmp_path: Path) -> None:
    manager = ParquetIOManager(UPath(tmp_path))
    with pytest.raises(FileNotFoundError, match="mine/raw has not been materialized yet"):
        manager.load_input(_in())


def test_other_values_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="mine/raw: expected a Polars frame"):
        ParquetIOManager(UPath(tmp_path)).dump_to_path(_out(), {"a": 1}, UPath(tmp_path / "x"))  # type: ignore[arg-type]


def test_whole_files_replace_each_other(tmp_path: Path) -> None:
    for text in (b"one", b"two"):
        write_whole(UPath(tmp_path / "page.html"), text)
    assert (tmp_path / "page.html").read_bytes() == b"two"
