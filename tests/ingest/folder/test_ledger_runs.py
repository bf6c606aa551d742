"""What the ledger makes of failed runs, of several scanners at once, and of its database."""

import os
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from plant_assets.ingest.folder import ledger as manifest_module
from plant_assets.ingest.folder import ledger_tables as manifest_tables
from plant_assets.ingest.folder import listing as drop_folder
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.storage import StorageBusyError, StorageError
from tests.ingest.folder.ledgers import NOW, PLANT, ingest, names, settle, states


def test_a_failed_run_is_requested_again_as_another_attempt_and_given_up_after_the_third(
    ledger: DropLedger, folder: Path
) -> None:
    (folder / "a.csv").write_text("1")
    attempts = []
    for attempt in (1, 2, 3):
        (ready,) = settle(ledger, folder)
        attempts.append(ready.attempt)
        ledger.request([ready], f"run-{attempt}", NOW)
        given_up = ledger.run_failed(ledger.entries(PLANT, ["requested"]), "no disk", NOW)
    assert attempts == [0, 1, 2]
    assert names(given_up) == ["a.csv"]
    assert (
        given_up[0].message
        == "3 runs failed, the last one: no disk. Mend the cause, then drop the file again."
    )
    assert ledger.scan(folder, PLANT, NOW) == []


def test_runs_that_were_lost_are_requested_again_and_never_counted(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    for attempt in range(7):
        (ready,) = settle(ledger, folder)
        assert (ready.attempt, ready.faults) == (attempt, 0)
        ledger.request([ready], f"run-{attempt}", NOW)
        assert ledger.run_failed(ledger.entries(PLANT, ["requested"]), "lost", NOW, counts=False) == []


def test_a_file_removed_while_its_run_failed_is_not_tried_again(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ledger.request(settle(ledger, folder), "run", NOW)
    (folder / "a.csv").unlink()
    ledger.scan(folder, PLANT, NOW)
    ledger.run_failed(ledger.entries(PLANT, ["requested"]), "no disk", NOW)
    assert ledger.scan(folder, PLANT, NOW) == []
    assert states(ledger) == [("a.csv", "superseded")]


def test_a_file_given_up_is_tried_afresh_when_it_is_dropped_again(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    for _ in range(3):
        ledger.request(settle(ledger, folder), "run", NOW)
        ledger.run_failed(ledger.entries(PLANT, ["requested"]), "no disk", NOW)
    os.utime(path, ns=(7, 7))
    (ready,) = settle(ledger, folder)
    assert ready.attempt == 0


def test_overdue_are_those_that_wait_too_long_or_were_given_up(ledger: DropLedger, folder: Path) -> None:
    for name in ("waits.csv", "done.csv", "new.csv"):
        at = NOW if name != "new.csv" else NOW + timedelta(minutes=9)
        (folder / name).write_text(name)
        settle(ledger, folder, at)
    ingest(ledger, ledger.entries(PLANT)[1])
    assert names(ledger.overdue(NOW + timedelta(minutes=10), timedelta(minutes=5), PLANT)) == ["waits.csv"]
    assert ledger.overdue(NOW + timedelta(minutes=10), timedelta(minutes=5), "other") == []


def test_a_file_ingested_by_hand_needs_no_scan_before(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    found = drop_folder.look_at(path)
    ledger.mark(PLANT, found, drop_folder.content_hash(found) or "", "ingested", NOW)
    assert settle(ledger, folder) == []
    assert states(ledger) == [("a.csv", "ingested")]


def test_each_content_is_hashed_once(
    ledger: DropLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    hashed: list[Path] = []
    original = manifest_module.content_hash
    monkeypatch.setattr(manifest_module, "content_hash", lambda f: (hashed.append(f.path), original(f))[1])
    for _ in range(5):
        ledger.scan(folder, PLANT, NOW)
    assert len(hashed) == 1


def test_two_scanners_at_once_see_each_file_once(ledger: DropLedger, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}.csv").write_text(str(number))
    scanners = [threading.Thread(target=ledger.scan, args=(folder, PLANT, NOW)) for _ in range(4)]
    for scanner in scanners:
        scanner.start()
    for scanner in scanners:
        scanner.join()
    assert len(ledger.entries(PLANT)) == 20


def test_times_come_back_in_utc(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ledger.scan(folder, PLANT, NOW)
    assert ledger.entries(PLANT)[0].first_seen == NOW


def test_a_locked_database_says_so_and_the_retry_succeeds(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "manifest.db"
    ledger = DropLedger(f"sqlite:///{path}", busy_timeout_s=0.05)
    (folder / "a.csv").write_text("1")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusyError, match="another process holds it"):
        ledger.scan(folder, PLANT, NOW)
    holder.execute("ROLLBACK")
    holder.close()
    assert names(settle(ledger, folder)) == ["a.csv"]


def test_a_database_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        DropLedger("postgresql://someone:hunter2@127.0.0.1:1/none")
    assert "127.0.0.1:1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_readers_do_not_wait_for_a_writer(tmp_path: Path, folder: Path) -> None:
    ledger = DropLedger(f"sqlite:///{tmp_path / 'manifest.db'}", busy_timeout_s=0.05)
    holder = sqlite3.connect(tmp_path / "manifest.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert ledger.entries(PLANT) == []
    holder.close()


def test_a_process_has_one_engine_for_each_address(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'manifest.db'}"
    assert manifest_tables.connect(url, busy_timeout_s=1.0) is manifest_tables.connect(
        url, busy_timeout_s=1.0
    )


@pytest.mark.parametrize(("column", "default"), [("forced", False), ("faults", 0), ("ctime_ns", 0)])
def test_a_manifest_of_an_older_release_gets_the_column_that_it_lacks(
    tmp_path: Path, folder: Path, column: str, default: object
) -> None:
    url = f"sqlite:///{tmp_path / 'manifest.db'}"
    (folder / "a.csv").write_text("1")
    older = DropLedger(url)
    ingest(older, settle(older, folder)[0])
    older.close()
    manifest_tables.connect.cache_clear()
    with sqlite3.connect(tmp_path / "manifest.db") as database:
        database.execute(f"ALTER TABLE drop_files DROP COLUMN {column}")
    (entry,) = DropLedger(url).entries(PLANT)
    assert (entry.state, getattr(entry, column)) == ("ingested", default)
