import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plant_assets.ingest import drop as drop_module
from plant_assets.ingest.drop import ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.grid.quality import SATURATED
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.ingest.storage import StorageError
from plant_assets.profile.model import PlantProfile
from tests.ingest.drops import NOW, PROFILE, Site
from tests.ingest.events import START, minutes, write_wide

LOG = "start,end,reason\n2015-01-31 00:00:00,2015-01-31 02:00:00,upset\n"


def test_a_drop_of_several_files_is_one_commit(site: Site) -> None:
    first = write_wide(site.folder / "a.csv", START, [1, 2])
    second = write_wide(site.folder / "b.csv", START, [5, 6, 7], tag="L")
    result = site.drop(first, second)
    assert (result.committed, result.version, result.added) == (True, 1, 5)
    assert [len(drop.files) for drop in site.history.drops()] == [2]
    assert site.states() == {"a.csv": "ingested", "b.csv": "ingested"}


def test_the_result_is_readable_and_goes_through_json(site: Site) -> None:
    good = write_wide(site.folder / "a.csv", START, [1, 2])
    bad = site.folder / "b.docx"
    bad.write_text("x")
    result = site.drop(good, bad)
    assert result.summary() == "small: 1 accepted, 1 refused; 2 records added, 0 changed, 0 as before"
    told = json.loads(json.dumps(result.as_dict()))
    assert told["months"] == ["2015-01"]
    assert [file["state"] for file in told["files"]] == ["accepted", "refused"]
    assert told["files"][1]["refusal"]["expected"]


def test_a_refused_file_moves_aside_and_the_others_go_on(site: Site) -> None:
    bad = site.folder / "bad.csv"
    bad.write_text("timestamp,P\n2015-01-31 00:00:00,high\n2015-01-31 01:00:00,low\n")
    result = site.drop(bad, write_wide(site.folder / "good.csv", START, [1]))
    assert site.values() == [1.0]
    assert not bad.exists()
    assert Path(result.files[0].moved_to).read_text().startswith("timestamp,P")
    assert site.states() == {"bad.csv": "refused", "good.csv": "ingested"}
    assert "high" in site.ledger.entries(states=["refused"])[0].message


def test_a_drop_of_refused_files_only_writes_no_history(site: Site) -> None:
    bad = site.folder / "bad.csv"
    bad.write_text("")
    result = site.drop(bad)
    assert not result.committed
    assert site.history.drops() == []


def test_a_file_that_is_gone_is_told_and_no_fault(site: Site) -> None:
    result = site.drop(site.folder / "gone.csv", write_wide(site.folder / "a.csv", START, [1]))
    assert [file.state for file in result.files] == ["vanished", "accepted"]


def test_a_reader_that_breaks_on_one_file_refuses_it_and_the_others_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = write_wide(site.folder / "broken.csv", START, [1])
    good = write_wide(site.folder / "good.csv", START, [2])
    original = drop_module.read_drop_file

    def read(path: Path, *args: object, **options: object):
        if path == broken:
            raise ZeroDivisionError("an unforeseen fault")
        return original(path, *args, **options)

    monkeypatch.setattr(drop_module, "read_drop_file", read)
    result = site.drop(broken, good)
    assert result.files[0].refusal["code"] == "unreadable"
    assert site.values() == [2.0]


def test_an_operator_log_becomes_periods(site: Site) -> None:
    log = site.folder / "operator_log.csv"
    log.write_text(LOG)
    result = site.drop(log, write_wide(site.folder / "a.csv", START, [1]))
    assert result.periods == 1
    assert site.history.periods()["reason"].to_list() == ["upset"]
    assert [file.kind for file in result.files] == ["periods", "records"]


def test_content_that_went_in_before_is_known(site: Site) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])
    site.drop(path)
    copy = site.folder / "copy.csv"
    copy.write_bytes(path.read_bytes())
    result = site.drop(copy)
    assert (result.files[0].state, result.committed) == ("known", False)
    assert site.states()["copy.csv"] == "ingested"


def test_a_file_that_went_in_before_does_not_hide_what_a_new_one_holds(site: Site) -> None:
    old = write_wide(site.folder / "old.csv", START, [1, 2])
    site.drop(old)
    new = write_wide(site.folder / "new.csv", START, [10])
    result = site.drop(new, old)
    assert [file.state for file in result.files] == ["accepted", "known"]
    assert (result.changed, site.values()) == (1, [10.0, 2.0])


def test_a_refused_file_that_was_replaced_meanwhile_is_not_put_aside(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.folder / "a.csv"
    path.write_text("")
    original = drop_module.read_drop_file

    def read(*args: object, **options: object):
        try:
            return original(*args, **options)  # pyright: ignore[reportArgumentType]
        finally:
            write_wide(path, START, [1])

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(drop_module, "read_drop_file", read)
        assert site.drop(path).files[0].state == "vanished"
    assert site.drop(path).files[0].state == "accepted"
    assert site.values() == [1.0]


def test_force_takes_known_content_in_again(site: Site) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])
    site.drop(path)
    assert site.drop(path, force=True).unchanged == 1


def test_the_same_content_twice_in_one_drop_counts_once(site: Site) -> None:
    first = write_wide(site.folder / "a.csv", START, [1])
    second = write_wide(site.folder / "b.csv", START, [1])
    assert site.drop(first, second).added == 1
    assert len(site.history.drops()[0].files) == 1


def test_a_crash_between_commit_and_manifest_is_made_good_by_the_same_call(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])
    with monkeypatch.context() as crash:
        crash.setattr(drop_module, "_note", _die)
        with pytest.raises(KeyboardInterrupt):
            site.drop(path)
    assert site.states() == {}
    result = site.drop(path)
    assert (result.committed, result.files[0].state) == (False, "known")
    assert site.values() == [1.0]
    assert site.states() == {"a.csv": "ingested"}


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_quarantine_that_cannot_be_written_leaves_the_file_and_the_retry_moves_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = site.folder / "bad.docx"
    bad.write_text("x")
    site.quarantine.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="quarantine"):
        site.drop(bad)
    assert bad.exists()
    site.quarantine.unlink()
    assert site.drop(bad).files[0].moved_to
    assert not bad.exists()


def test_a_drop_through_the_manifest_ends_as_ingested_under_its_attempt(site: Site) -> None:
    write_wide(site.folder / "a.csv", START, [1])
    site.ledger.scan(site.folder, PROFILE.name, NOW)
    ready = site.ledger.scan(site.folder, PROFILE.name, NOW)
    site.ledger.request(ready, "run", NOW)
    site.drop(*(entry.path for entry in ready))
    (entry,) = site.ledger.entries()
    assert (entry.state, entry.attempt, entry.run_id) == ("ingested", 1, "run")
    assert site.ledger.scan(site.folder, PROFILE.name, NOW) == []


def test_a_file_changed_after_the_request_is_noted_as_what_was_read(site: Site) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])
    site.ledger.scan(site.folder, PROFILE.name, NOW)
    site.ledger.request(site.ledger.scan(site.folder, PROFILE.name, NOW), "run", NOW)
    write_wide(path, START, [1, 2])
    site.drop(path)
    assert site.values() == [1.0, 2.0]
    assert [e.state for e in site.ledger.entries()] == ["superseded", "ingested"]


def test_a_file_removed_after_the_request_is_not_asked_for_again(site: Site) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])
    site.ledger.scan(site.folder, PROFILE.name, NOW)
    site.ledger.request(site.ledger.scan(site.folder, PROFILE.name, NOW), "run", NOW)
    path.unlink()
    site.drop(path)
    assert site.states() == {"a.csv": "superseded"}
    assert site.ledger.scan(site.folder, PROFILE.name, NOW) == []


@pytest.mark.parametrize("order", [lambda paths: paths, lambda paths: paths[::-1]])
def test_overlapping_files_of_one_drop_the_later_path_wins(
    site: Site, order: Callable[[list[Path]], list[Path]]
) -> None:
    paths = order(
        [
            write_wide(site.folder / "a.csv", START, [1, 2]),
            write_wide(site.folder / "b.csv", minutes(60), [20, 30]),
        ]
    )
    site.drop(*paths)
    assert site.values()[1] == {"a.csv": 2.0, "b.csv": 20.0}[paths[-1].name]


@pytest.mark.real_data
def test_the_real_export_and_its_log_go_in_and_resample_to_its_673_hours(
    tmp_path: Path, real_data: Path, profile: PlantProfile
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    paths = [folder / name for name in ("labeled_dataset.csv", "operator_log.csv")]
    for path in paths:
        shutil.copy(real_data / "gas_treatment" / path.name, path)
    lake, ledger = PlantHistory(tmp_path / "lake", profile.name), DropLedger(f"sqlite:///{tmp_path}/m.db")
    result = ingest_drop(paths, profile, lake, ledger, tmp_path / "q", NOW, drop_folder=folder)
    assert (result.added, result.periods, result.months) == (14_806, 6, ("2014-12", "2015-01"))
    raw = resample(lake.scan(), profile)
    assert raw.height == 673
    assert raw["PDT31008"].null_count() == 0
    assert (raw["LT31013_flags"] & SATURATED > 0).sum() > 600
