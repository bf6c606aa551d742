"""What the ledger sees in a drop folder, and which files it answers as ready."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from plant_assets.ingest.folder import ledger as manifest_module
from plant_assets.ingest.folder import listing as drop_folder
from plant_assets.ingest.folder.ledger import DropLedger
from tests.ingest.folder.ledgers import NOW, PLANT, ingest, names, settle


def test_a_file_is_taken_when_two_scans_find_it_unchanged(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    assert ledger.scan(folder, PLANT, NOW) == []
    assert names(ledger.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_growing_file_waits(ledger: DropLedger, folder: Path) -> None:
    for content in ("1", "12", "123"):
        (folder / "a.csv").write_text(content)
        assert ledger.scan(folder, PLANT, NOW) == []
    assert names(ledger.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_file_rewritten_at_the_same_size_waits(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ledger.scan(folder, PLANT, NOW)
    path.write_text("2")
    os.utime(path, ns=(1, 10**18))
    assert ledger.scan(folder, PLANT, NOW) == []


def test_a_file_changed_while_it_is_hashed_waits(
    ledger: DropLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    ledger.scan(folder, PLANT, NOW)
    original = manifest_module.content_hash

    def grow_first(found: drop_folder.FoundFile) -> str | None:
        found.path.write_text("12")
        return original(found)

    monkeypatch.setattr(manifest_module, "content_hash", grow_first)
    assert ledger.scan(folder, PLANT, NOW) == []
    monkeypatch.undo()
    assert names(settle(ledger, folder)) == ["a.csv"]


def test_a_file_is_answered_until_a_run_is_requested(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ready = settle(ledger, folder)
    assert ledger.scan(folder, PLANT, NOW) == ready
    ledger.request(ready, "run-1", NOW)
    assert ledger.scan(folder, PLANT, NOW) == []
    (requested,) = ledger.entries(PLANT, ["requested"])
    assert (requested.run_id, requested.attempt) == ("run-1", 1)


def test_files_of_hours_ago_are_found(ledger: DropLedger, folder: Path) -> None:
    path = folder / "old.csv"
    path.write_text("1")
    os.utime(path, (0, 0))
    assert names(settle(ledger, folder, NOW + timedelta(days=400))) == ["old.csv"]


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


def test_a_missing_folder_is_an_empty_one(ledger: DropLedger, folder: Path) -> None:
    assert ledger.scan(folder / "none", PLANT, NOW) == []


def test_a_link_out_of_the_folder_is_refused_and_not_read(
    ledger: DropLedger, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("1")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert settle(ledger, folder) == []
    (entry,) = ledger.entries(PLANT)
    assert (entry.state, entry.sha256) == ("refused", "")
    assert "leads out of the drop folder" in entry.message


def test_a_link_within_the_folder_is_a_file(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    assert names(settle(ledger, folder)) == ["a.csv"]


def test_every_extension_is_answered_so_that_the_reader_can_refuse_it(
    ledger: DropLedger, folder: Path
) -> None:
    (folder / "a.docx").write_text("1")
    assert names(settle(ledger, folder)) == ["a.docx"]


def test_the_same_content_under_another_name_is_one_ingest(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("1")
    (first,) = settle(ledger, folder)
    ingest(ledger, first)
    assert ledger.scan(folder, PLANT, NOW) == []
    twin = ledger.entries(PLANT)[1]
    assert (twin.state, twin.duplicate_of) == ("ingested", str(first.path))
    assert "same content as a.csv" in twin.message


def test_a_copy_dropped_again_later_is_no_second_ingest(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ingest(ledger, settle(ledger, folder)[0])
    os.utime(path, ns=(5, 5))
    assert settle(ledger, folder, NOW + timedelta(hours=1)) == []
    assert [e.state for e in ledger.entries(PLANT)] == ["ingested", "ingested"]


def test_a_copy_waits_for_the_run_that_reads_its_twin_and_goes_when_that_was_refused(
    ledger: DropLedger, folder: Path
) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("1")
    (first,) = settle(ledger, folder)
    ledger.request([first], "run", NOW)
    assert ledger.scan(folder, PLANT, NOW) == []
    found = drop_folder.look_at(first.path)
    first.path.unlink()
    ledger.mark(PLANT, found, first.sha256, "refused", NOW)
    assert names(ledger.scan(folder, PLANT, NOW)) == ["b.csv"]


def test_the_same_content_for_another_plant_is_an_ingest_of_its_own(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ingest(ledger, settle(ledger, folder)[0])
    other = folder.parent / "other"
    other.mkdir()
    (other / "a.csv").write_text("1")
    ledger.scan(other, "other", NOW)
    assert names(ledger.scan(other, "other", NOW)) == ["a.csv"]


def test_new_content_under_an_old_name_is_taken(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ingest(ledger, settle(ledger, folder)[0])
    path.write_text("22")
    assert names(settle(ledger, folder)) == ["a.csv"]


def test_a_file_that_was_refused_is_tried_again_when_it_is_put_back_as_it_was(
    ledger: DropLedger, folder: Path
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    (entry,) = settle(ledger, folder)
    found = drop_folder.look_at(path)
    moved = path.rename(folder.parent / "moved.csv")
    ledger.mark(PLANT, found, entry.sha256, "refused", NOW, message="no tag")
    assert ledger.scan(folder, PLANT, NOW) == []
    moved.rename(path)
    assert names(settle(ledger, folder)) == ["a.csv"]


def test_a_refused_file_that_could_not_be_moved_is_not_tried_for_ever(
    ledger: DropLedger, folder: Path
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    (entry,) = settle(ledger, folder)
    ledger.mark(PLANT, drop_folder.look_at(path), entry.sha256, "refused", NOW)
    assert settle(ledger, folder) == []


def test_a_file_removed_or_changed_before_its_run_is_superseded(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("2")
    settle(ledger, folder)
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_text("33")
    ledger.scan(folder, PLANT, NOW)
    messages = [(e.state, e.message) for e in ledger.entries(PLANT)]
    assert messages == [
        ("superseded", "removed before it was taken in"),
        ("superseded", "changed before it was taken in"),
        ("seen", ""),
    ]


def test_a_file_that_vanishes_between_listing_and_hashing_is_no_fault(
    ledger: DropLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ledger.scan(folder, PLANT, NOW)
    listed = list(drop_folder.list_files(folder))
    monkeypatch.setattr(manifest_module, "list_files", lambda _: listed)
    path.unlink()
    assert ledger.scan(folder, PLANT, NOW) == []


def test_a_file_that_cannot_be_read_says_why_and_waits(
    ledger: DropLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("1")
    ledger.scan(folder, PLANT, NOW)

    def denied(_: drop_folder.FoundFile) -> str | None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(manifest_module, "content_hash", denied)
    assert ledger.scan(folder, PLANT, NOW) == []
    assert (
        ledger.entries(PLANT)[0].message
        == "can't be read: Permission denied. It is tried again at each look."
    )
    monkeypatch.undo()
    assert names(ledger.scan(folder, PLANT, NOW)) == ["a.csv"]


def test_a_forced_file_of_known_content_is_answered_once_more(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    ingest(ledger, settle(ledger, folder)[0])
    for again in (path, folder / "b.csv"):
        again.write_text("1")
        assert settle(ledger, folder) == []
        ledger.force(PLANT, drop_folder.look_at(again), NOW)
        (ready,) = settle(ledger, folder)
        assert (ready.path, ready.attempt, ready.forced, ready.duplicate_of) == (again, 0, True, "")
        ingest(ledger, ready)
        assert settle(ledger, folder) == []


def test_a_file_is_forced_before_it_was_ever_seen(ledger: DropLedger, folder: Path) -> None:
    (folder / "a.csv").write_text("1")
    ledger.force(PLANT, drop_folder.look_at(folder / "a.csv"), NOW)
    assert [entry.forced for entry in settle(ledger, folder)] == [True]


@pytest.mark.parametrize("way", ["written over", "moved there"])
@pytest.mark.parametrize("after", ["settled", "ingested"])
def test_a_file_replaced_with_equal_size_and_mtime_is_found(
    ledger: DropLedger, folder: Path, tmp_path: Path, way: str, after: str
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    os.utime(path, ns=(5, 10**18))
    (ready,) = settle(ledger, folder)
    if after == "ingested":
        ingest(ledger, ready)
        ledger.scan(folder, PLANT, NOW)
    target = path if way == "written over" else tmp_path / "new.csv"
    target.write_text("2")
    os.utime(target, ns=(5, 10**18))
    target.replace(path)
    (again,) = [entry for _ in range(2) for entry in ledger.scan(folder, PLANT, NOW)]
    assert again.sha256 == drop_folder.content_hash(drop_folder.look_at(path)) != ready.sha256
    assert (again.attempt, again.faults) == (0, 0)


def test_a_file_that_is_only_touched_is_read_once_and_left(
    ledger: DropLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    (ready,) = settle(ledger, folder)
    ingest(ledger, ready)
    ledger.scan(folder, PLANT, NOW)
    hashed: list[Path] = []
    original = manifest_module.content_hash
    monkeypatch.setattr(manifest_module, "content_hash", lambda f: (hashed.append(f.path), original(f))[1])
    path.chmod(0o600)
    for _ in range(5):
        assert ledger.scan(folder, PLANT, NOW) == []
    assert len(hashed) == 1
    (entry,) = ledger.entries(PLANT)
    assert (entry.state, entry.changed_at) == ("ingested", NOW)


def test_files_of_an_older_release_are_not_read_again(ledger: DropLedger, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("1")
    found = drop_folder.look_at(path)
    ledger.mark(PLANT, drop_folder.FoundFile(path, found.size, found.mtime_ns), "a" * 64, "ingested", NOW)
    assert settle(ledger, folder) == []
    (entry,) = ledger.entries(PLANT)
    assert (entry.state, entry.ctime_ns) == ("ingested", found.ctime_ns)
