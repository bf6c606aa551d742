"""A reader sees the old file or the new one, and nothing is left beside it."""

from pathlib import Path

import pytest

from plant_assets.bundle.atomic_file import atomic_write


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.glob("*.json")] == ["state.json"]
    assert path.read_bytes() == b"new"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("durable", [True, False])
def test_a_failure_leaves_the_old_one_and_no_draft(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="full"):
        _break_off(path, durable)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def _break_off(path: Path, durable: bool) -> None:
    with atomic_write(path, durable=durable) as file:
        file.write(b"ne")
        raise OSError("the disk is full")
