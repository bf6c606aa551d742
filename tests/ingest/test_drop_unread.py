"""Files that can't be read just now, and columns of a file that aren't."""

import pytest

from plant_assets.ingest import drop as drop_module
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.folder.listing import list_files
from tests.ingest.drops import NOW, PROFILE, Site
from tests.ingest.events import START, write_wide


def test_a_file_the_system_will_not_read_stays_and_is_marked_failed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(drop_module, "read_drop_file", denied)
    result = site.drop(path)
    assert (result.files[0].state, path.exists()) == ("failed", True)
    assert site.ledger.entries()[0].message.startswith("can't be read: Permission denied")


def test_a_file_that_is_still_being_written_stays_where_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wide(site.folder / "a.csv", START, [1])

    def changing(*_: object, **__: object) -> None:
        raise Refusal("changing", "the file changed while it was read", expected="a finished file")

    monkeypatch.setattr(drop_module, "read_drop_file", changing)
    result = site.drop(path)
    assert (result.files[0].state, path.exists()) == ("failed", True)
    assert "changed while it was read" in site.ledger.entries()[0].message


def test_a_file_that_a_run_cannot_read_settles_again_and_goes_in_once_it_can(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, good = (
        write_wide(site.folder / "a.csv", START, [1]),
        write_wide(site.folder / "b.csv", START, [2, 3]),
    )

    def ready() -> list[str]:
        site.ledger.scan(site.folder, PROFILE.name, NOW)
        entries = site.ledger.scan(site.folder, PROFILE.name, NOW)
        site.ledger.request(entries, "run", NOW)
        return [entry.path.name for entry in entries]

    original = drop_module.read_drop_file

    def denied(found: object, *arguments: object, **options: object) -> object:
        if found == path:
            raise PermissionError(13, "Permission denied")
        return original(found, *arguments, **options)  # type: ignore[arg-type]

    assert ready() == ["a.csv", "b.csv"]
    monkeypatch.setattr(drop_module, "read_drop_file", denied)
    assert site.drop(path, good).committed
    assert site.states() == {"a.csv": "settled", "b.csv": "ingested"}
    assert site.ledger.entries()[0].message == "attempt 1: can't be read: Permission denied"
    monkeypatch.undo()
    assert ready() == ["a.csv"]
    site.drop(path)
    assert site.states() == {"a.csv": "ingested", "b.csv": "ingested"}
    assert [found.path for found in list_files(site.folder)] == [path, good]


def test_columns_that_were_not_read_are_told(site: Site) -> None:
    path = site.folder / "a.csv"
    path.write_text("timestamp,P,valve\n2015-01-31 00:00,1,5\n")
    (outcome,) = site.drop(path).files
    assert "Columns not known to the plant, not read: 'valve'" in outcome.message
    assert "not read: 'valve'" in site.ledger.entries()[0].message
