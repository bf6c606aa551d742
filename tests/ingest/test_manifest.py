import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from plant_assets.ingest import drop_folder, manifest_tables
from plant_assets.ingest import manifest as manifest_module
from plant_assets.ingest.manifest import Manifest, ManifestEntry
from plant_assets.ingest.storage import StorageBusyError, StorageError
from tests.conftest import needs_service
from tests.servers import postgres_folder, running_postgres

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLANT = "small"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    programs = postgres_folder()
    needs_service(programs is not None, "PostgreSQL")
    assert programs is not None
    with running_postgres(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manifest]:
    if request.param == "sqlite":
        made = Manifest(f"sqlite:///{tmp_path}/state/manifest.db")
    else:
        url = request.getfixturevalue("postgres")
        made = Manifest(url)
        with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as connection:
            connection.execute(sa.text("TRUNCATE drop_files"))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop" / PLANT
    made.mkdir(parents=True)
    return made


def settle(manifest: Manifest, folder: Path, at: datetime = NOW) -> list[ManifestEntry]:
    manifest.scan(folder, PLANT, at)
    return manifest.scan(folder, PLANT, at)


def names(entries: list[ManifestEntry]) -> list[str]:
    return [entry.path.name for entry in entries]


def states(manifest: Manifest) -> list[tuple[str, str]]:
    return [(e.path.name, e.state) for e in manifest.entries(PLANT)]


def ingest(manifest: Manifest, entry: ManifestEntry, at: datetime = NOW) -> None:
    manifest.request([entry], "run", at)
    manifest.mark(PLANT, drop_folder.look_at(entry.path), entry.sha256, "ingested", at)


def test_a_file_is_taken_when_two_scans_find_it_unchanged(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    assert manifest.scan(folder, PLANT, NOW) == []
    assert names(manifest.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_growing_file_waits(manifest: Manifest, folder: Path) -> None:
    for content in ("1", "12", "123"):
        (folder / "a.csv").write_text(content)
        assert manifest.scan(folder, PLANT, NOW) == []
    assert names(manifest.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_file_rewritten_at_the_same_size_waits(manifest: Manifest, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    manifest.scan(folder, PLANT, NOW)
    path.write_text("2")
    os.utime(path, ns=(1, 10**18))
    assert manifest.scan(folder, PLANT, NOW) == []


def test_a_file_changed_while_it_is_hashed_waits(
    manifest: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    manifest.scan(folder, PLANT, NOW)
    original = manifest_module.content_hash

    def grow_first(found: drop_folder.Found) -> str | None:
        found.path.write_text("12")
        return original(found)

    monkeypatch.setattr(manifest_module, "content_hash", grow_first)
    assert manifest.scan(folder, PLANT, NOW) == []
    monkeypatch.undo()
    assert names(settle(manifest, folder)) == ["a.csv"]


def test_a_file_is_answered_until_a_run_is_requested(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ready = settle(manifest, folder)
    assert manifest.scan(folder, PLANT, NOW) == ready
    manifest.request(ready, "run-1", NOW)
    assert manifest.scan(folder, PLANT, NOW) == []
    (requested,) = manifest.entries(PLANT, ["requested"])
    assert (requested.run_id, requested.attempt) == ("run-1", 1)


def test_files_of_hours_ago_are_found(manifest: Manifest, folder: Path) -> None:
    path = folder / "old.csv"
    path.write_text("1")
    os.utime(path, (0, 0))
    assert names(settle(manifest, folder, NOW + timedelta(days=400))) == ["old.csv"]


@pytest.mark.parametrize(
    "name", [".hidden", "a.csv.part", "a.TMP", "~$book.xlsx", "a.csv.crdownload", "a.csv~"]
)
def test_unfinished_and_hidden_files_are_not_drops(folder: Path, name: str, tmp_path: Path) -> None:
    (folder / name).write_text("1")
    assert list(drop_folder.list_files(folder)) == []


def test_folders_pipes_and_broken_links_are_not_drops(folder: Path) -> None:
    (folder / "sub.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "broken.csv").symlink_to(folder / "nothing.csv")
    assert list(drop_folder.list_files(folder)) == []


def test_a_missing_folder_is_an_empty_one(manifest: Manifest, folder: Path) -> None:
    assert manifest.scan(folder / "none", PLANT, NOW) == []


def test_a_link_out_of_the_folder_is_refused_and_not_read(
    manifest: Manifest, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("1")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert settle(manifest, folder) == []
    (entry,) = manifest.entries(PLANT)
    assert (entry.state, entry.sha256) == ("refused", "")
    assert "leads out of the drop folder" in entry.message


def test_a_link_within_the_folder_is_a_file(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    assert names(settle(manifest, folder)) == ["a.csv"]


def test_every_extension_is_answered_so_that_the_reader_can_refuse_it(
    manifest: Manifest, folder: Path
) -> None:
    (folder / "a.docx").write_text("1")
    assert names(settle(manifest, folder)) == ["a.docx"]


def test_the_same_content_under_another_name_is_one_ingest(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("1")
    (first,) = settle(manifest, folder)
    ingest(manifest, first)
    assert manifest.scan(folder, PLANT, NOW) == []
    twin = manifest.entries(PLANT)[1]
    assert (twin.state, twin.duplicate_of) == ("ingested", str(first.path))
    assert "same content as a.csv" in twin.message


def test_a_copy_dropped_again_later_is_no_second_ingest(manifest: Manifest, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ingest(manifest, settle(manifest, folder)[0])
    os.utime(path, ns=(5, 5))
    assert settle(manifest, folder, NOW + timedelta(hours=1)) == []
    assert [e.state for e in manifest.entries(PLANT)] == ["ingested", "ingested"]


def test_a_copy_waits_for_the_run_that_reads_its_twin_and_goes_when_that_was_refused(
    manifest: Manifest, folder: Path
) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("1")
    (first,) = settle(manifest, folder)
    manifest.request([first], "run", NOW)
    assert manifest.scan(folder, PLANT, NOW) == []
    found = drop_folder.look_at(first.path)
    first.path.unlink()
    manifest.mark(PLANT, found, first.sha256, "refused", NOW)
    assert names(manifest.scan(folder, PLANT, NOW)) == ["b.csv"]


def test_the_same_content_for_another_plant_is_an_ingest_of_its_own(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ingest(manifest, settle(manifest, folder)[0])
    other = folder.parent / "other"
    other.mkdir()
    (other / "a.csv").write_text("1")
    manifest.scan(other, "other", NOW)
    assert names(manifest.scan(other, "other", NOW)) == ["a.csv"]


def test_new_content_under_an_old_name_is_taken(manifest: Manifest, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ingest(manifest, settle(manifest, folder)[0])
    path.write_text("22")
    assert names(settle(manifest, folder)) == ["a.csv"]


def test_a_file_that_was_refused_is_tried_again_when_it_is_put_back_as_it_was(
    manifest: Manifest, folder: Path
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    (entry,) = settle(manifest, folder)
    found = drop_folder.look_at(path)
    moved = path.rename(folder.parent / "moved.csv")
    manifest.mark(PLANT, found, entry.sha256, "refused", NOW, message="no tag")
    assert manifest.scan(folder, PLANT, NOW) == []
    moved.rename(path)
    assert names(settle(manifest, folder)) == ["a.csv"]


def test_a_refused_file_that_could_not_be_moved_is_not_tried_for_ever(
    manifest: Manifest, folder: Path
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    (entry,) = settle(manifest, folder)
    manifest.mark(PLANT, drop_folder.look_at(path), entry.sha256, "refused", NOW)
    assert settle(manifest, folder) == []


def test_a_file_removed_or_changed_before_its_run_is_superseded(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("2")
    settle(manifest, folder)
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_text("33")
    manifest.scan(folder, PLANT, NOW)
    messages = [(e.state, e.message) for e in manifest.entries(PLANT)]
    assert messages == [
        ("superseded", "removed before it was taken in"),
        ("superseded", "changed before it was taken in"),
        ("seen", ""),
    ]


def test_a_file_that_vanishes_between_listing_and_hashing_is_no_fault(
    manifest: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    manifest.scan(folder, PLANT, NOW)
    listed = list(drop_folder.list_files(folder))
    monkeypatch.setattr(manifest_module, "list_files", lambda _: listed)
    path.unlink()
    assert manifest.scan(folder, PLANT, NOW) == []


def test_a_file_that_cannot_be_read_says_why_and_waits(
    manifest: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    manifest.scan(folder, PLANT, NOW)

    def denied(_: drop_folder.Found) -> str | None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(manifest_module, "content_hash", denied)
    assert manifest.scan(folder, PLANT, NOW) == []
    assert manifest.entries(PLANT)[0].message == "can't be read: Permission denied"
    monkeypatch.undo()
    assert names(manifest.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_failed_run_is_requested_again_as_another_attempt_and_given_up_after_the_third(
    manifest: Manifest, folder: Path
) -> None:
    (folder / "a.csv").write_text("1")
    attempts = []
    for attempt in (1, 2, 3):
        (ready,) = settle(manifest, folder)
        attempts.append(ready.attempt)
        manifest.request([ready], f"run-{attempt}", NOW)
        given_up = manifest.run_failed(manifest.entries(PLANT, ["requested"]), "no disk", NOW)
    assert attempts == [0, 1, 2]
    assert names(given_up) == ["a.csv"]
    assert (
        given_up[0].message
        == "3 runs failed, the last one: no disk. Mend the cause, then drop the file again."
    )
    assert manifest.scan(folder, PLANT, NOW) == []


def test_a_file_removed_while_its_run_failed_is_not_tried_again(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    manifest.request(settle(manifest, folder), "run", NOW)
    (folder / "a.csv").unlink()
    manifest.scan(folder, PLANT, NOW)
    manifest.run_failed(manifest.entries(PLANT, ["requested"]), "no disk", NOW)
    assert manifest.scan(folder, PLANT, NOW) == []
    assert states(manifest) == [("a.csv", "superseded")]


def test_a_file_given_up_is_tried_afresh_when_it_is_dropped_again(manifest: Manifest, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    for _ in range(3):
        manifest.request(settle(manifest, folder), "run", NOW)
        manifest.run_failed(manifest.entries(PLANT, ["requested"]), "no disk", NOW)
    os.utime(path, ns=(7, 7))
    (ready,) = settle(manifest, folder)
    assert ready.attempt == 0


def test_overdue_are_those_that_wait_too_long_or_were_given_up(manifest: Manifest, folder: Path) -> None:
    for name in ("waits.csv", "done.csv", "new.csv"):
        at = NOW if name != "new.csv" else NOW + timedelta(minutes=9)
        (folder / name).write_text(name)
        settle(manifest, folder, at)
    ingest(manifest, manifest.entries(PLANT)[1])
    assert names(manifest.overdue(NOW + timedelta(minutes=10), timedelta(minutes=5), PLANT)) == ["waits.csv"]
    assert manifest.overdue(NOW + timedelta(minutes=10), timedelta(minutes=5), "other") == []


def test_a_file_ingested_by_hand_needs_no_scan_before(manifest: Manifest, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    found = drop_folder.look_at(path)
    manifest.mark(PLANT, found, drop_folder.content_hash(found) or "", "ingested", NOW)
    assert settle(manifest, folder) == []
    assert states(manifest) == [("a.csv", "ingested")]


def test_each_content_is_hashed_once(
    manifest: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    hashed: list[Path] = []
    original = manifest_module.content_hash
    monkeypatch.setattr(manifest_module, "content_hash", lambda f: (hashed.append(f.path), original(f))[1])
    for _ in range(5):
        manifest.scan(folder, PLANT, NOW)
    assert len(hashed) == 1


def test_two_scanners_at_once_see_each_file_once(manifest: Manifest, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}.csv").write_text(str(number))
    scanners = [threading.Thread(target=manifest.scan, args=(folder, PLANT, NOW)) for _ in range(4)]
    for scanner in scanners:
        scanner.start()
    for scanner in scanners:
        scanner.join()
    assert len(manifest.entries(PLANT)) == 20


def test_times_come_back_in_utc(manifest: Manifest, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    manifest.scan(folder, PLANT, NOW)
    assert manifest.entries(PLANT)[0].first_seen == NOW


def test_a_locked_database_says_so_and_the_retry_succeeds(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "manifest.db"
    manifest = Manifest(f"sqlite:///{path}", busy_timeout_s=0.05)
    (folder / "a.csv").write_text("1")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusyError, match="another process holds it"):
        manifest.scan(folder, PLANT, NOW)
    holder.execute("ROLLBACK")
    holder.close()
    assert names(settle(manifest, folder)) == ["a.csv"]


def test_a_database_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        Manifest("postgresql://someone:hunter2@127.0.0.1:1/none")
    assert "127.0.0.1:1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_readers_do_not_wait_for_a_writer(tmp_path: Path, folder: Path) -> None:
    manifest = Manifest(f"sqlite:///{tmp_path / 'manifest.db'}", busy_timeout_s=0.05)
    holder = sqlite3.connect(tmp_path / "manifest.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert manifest.entries(PLANT) == []
    holder.close()


def test_a_process_has_one_engine_for_each_address(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'manifest.db'}"
    assert manifest_tables.connect(url, busy_timeout_s=1.0) is manifest_tables.connect(
        url, busy_timeout_s=1.0
    )
