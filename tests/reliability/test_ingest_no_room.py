"""A full disk and a locked database: a clear sentence, nothing half done, and a retry that works."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.storage import StorageBusyError, StorageFullError
from tests.reliability.disks import fill, small_disk
from tests.reliability.site import Site, after

VALUES = [float(i % 799) * 1.1 for i in range(20_000)]


def test_no_room_for_a_file_is_a_clear_fault_and_the_retry_finishes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.drop([site.write("a.csv", 0, [1.0, 2.0])])
    before = site.state()
    path = site.write("b.csv", 0, VALUES)
    said = site.start([path], limit=20_000).fault()
    assert said.startswith("StorageFullError: ")
    assert "no room left to write. Nothing was changed." in said
    assert site.state() == before
    assert path.exists()
    assert site.drop([path]).committed
    assert site.state() == after(before, 0, VALUES)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "1m") as folder:
        yield folder


def test_a_full_disk_is_a_clear_fault_and_the_retry_finishes(disk: Path, tmp_path: Path) -> None:
    site = Site(disk, tmp_path / "drop")
    site.drop([site.write("a.csv", 0, [1.0, 2.0])])
    before = site.state()
    path = site.write("b.csv", 0, VALUES)
    ballast = disk / "ballast"
    fill(ballast, leave=40_000)
    with pytest.raises(StorageFullError, match="Free some space"):
        site.drop([path])
    assert site.state() == before
    ballast.unlink()
    assert site.drop([path]).committed
    assert site.state() == after(before, 0, VALUES)


def test_a_locked_manifest_after_the_commit_is_a_clear_fault_and_the_retry_finishes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.ledger = DropLedger(f"sqlite:///{tmp_path}/manifest.db", busy_timeout_s=0.05)
    path = site.write("a.csv", 0, [1.0, 2.0])
    holder = sqlite3.connect(tmp_path / "manifest.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusyError, match="another process holds it"):
        site.drop([path])
    holder.execute("ROLLBACK")
    holder.close()
    assert not site.drop([path]).committed
    assert site.state() == after({}, 0, [1.0, 2.0])
    assert [entry.state for entry in site.ledger.entries()] == ["ingested"]


def test_two_drops_at_once_both_go_in(tmp_path: Path) -> None:
    site = Site(tmp_path)
    paths = [site.write(f"{n}.csv", n * 50, [float(n)] * 100) for n in range(3)]
    children = [site.start([path]) for path in paths]
    assert [child.fault() for child in children] == ["", "", ""]
    assert len(site.state()) == 200
    assert len(site.history.drops()) == 3
