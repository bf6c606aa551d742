"""Files in the folder of drop folders itself."""

import os
from pathlib import Path

import pytest

from plant_assets.ingest.folder import strays
from plant_assets.ingest.folder.strays import move_strays, receiving_plant


def test_they_go_to_the_default_plant_else_to_the_only_one_else_to_none() -> None:
    assert receiving_plant("gas_treatment", ["demo", "gas_treatment"]) == "gas_treatment"
    assert receiving_plant("gas_treatment", ["boiler"]) == "boiler"
    assert receiving_plant("gas_treatment", ["boiler", "kiln"]) == ""


def test_a_file_is_moved_and_nothing_of_that_name_is_replaced(tmp_path: Path) -> None:
    plant = tmp_path / "mains"
    plant.mkdir()
    (plant / "a.csv").write_text("older")
    (tmp_path / "a.csv").write_text("newer")
    (tmp_path / "b.csv").write_text("b")
    assert move_strays(tmp_path, plant) == [plant / "a-2.csv", plant / "b.csv"]
    assert [path.read_text() for path in sorted(plant.iterdir())] == ["newer", "older", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["mains"]


def test_what_is_hidden_unfinished_or_a_link_out_of_the_folder_stays(tmp_path: Path) -> None:
    root = tmp_path / "drop"
    root.mkdir()
    (tmp_path / "secret.csv").write_text("x")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name in (".gitkeep", "a.csv.part"):
        (root / name).write_text("x")
    assert move_strays(root, root / "mains") == []
    assert (root / "link.csv").is_symlink()


def test_a_file_that_is_being_copied_onto_another_disk_waits_until_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    disks = iter(range(100))
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **given: _on_disk(real(self, **given), next(disks)))
    assert move_strays(tmp_path, tmp_path / "mains") == []
    monkeypatch.setattr(strays.time, "time", lambda: path.lstat().st_mtime + 6)
    assert move_strays(tmp_path, tmp_path / "mains") == [tmp_path / "mains" / "a.csv"]


def _on_disk(status: os.stat_result, disk: int) -> os.stat_result:
    parts = list(status)
    parts[2] = disk
    return os.stat_result(parts)


def test_a_root_that_cannot_be_written_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(strays.shutil, "move", refuse)
    assert move_strays(tmp_path, tmp_path / "mains") == []
    assert (tmp_path / "a.csv").exists()
