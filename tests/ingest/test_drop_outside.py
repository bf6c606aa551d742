"""Paths that a run names and that are no files of the plant's drop folder: refused, read by nobody, moved by nobody."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plant_assets.ingest import drop as drop_module
from plant_assets.ingest.reading import FileReading
from plant_assets.profile.model import PlantProfile
from tests.ingest.drops import Site
from tests.ingest.events import START, write_wide

SECRET = "top secret"


def _absolute(site: Site, elsewhere: Path) -> Path:
    return elsewhere


def _dots(site: Site, elsewhere: Path) -> Path:
    return site.folder / ".." / elsewhere.relative_to(site.folder.parent)


def _relative(site: Site, elsewhere: Path) -> Path:
    return Path(os.path.relpath(elsewhere))


def _link_to_file(site: Site, elsewhere: Path) -> Path:
    link = site.folder / "link.txt"
    link.symlink_to(elsewhere)
    return link


def _file_behind_linked_folder(site: Site, elsewhere: Path) -> Path:
    (site.folder / "sub").symlink_to(elsewhere.parent)
    return site.folder / "sub" / elsewhere.name


def _hidden_in_subfolder(site: Site, elsewhere: Path) -> Path:
    (site.folder / "sub").mkdir()
    return elsewhere.rename(site.folder / "sub" / elsewhere.name)


def _link_to_itself(site: Site, elsewhere: Path) -> Path:
    loop = site.folder / "loop.csv"
    loop.symlink_to(loop)
    return loop


WAYS = (
    _absolute,
    _dots,
    _relative,
    _link_to_file,
    _file_behind_linked_folder,
    _hidden_in_subfolder,
    _link_to_itself,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_a_path_outside_the_drop_folder_is_refused_and_stays_where_it_is(
    site: Site, tmp_path: Path, way: Callable[[Site, Path], Path]
) -> None:
    elsewhere = tmp_path / "other_plant" / "keys.txt"
    elsewhere.parent.mkdir()
    elsewhere.write_text(SECRET)
    path = way(site, elsewhere)
    result = site.drop(path, write_wide(site.folder / "good.csv", START, [1]))
    assert [file.state for file in result.files] == ["refused", "accepted"]
    assert result.files[0].refusal["code"] == "outside_drop_folder"
    assert str(site.folder) in str(result.files[0].refusal["expected"])
    assert result.files[0].moved_to == ""
    assert os.path.lexists(path)
    assert not site.quarantine.exists()
    assert site.states() == {"good.csv": "ingested"}, "the ledger has nothing of it"


def test_a_good_export_of_another_plant_is_not_read(site: Site, tmp_path: Path) -> None:
    (tmp_path / "other_plant").mkdir()
    export = write_wide(tmp_path / "other_plant" / "a.csv", START, [1])
    assert site.drop(export).files[0].state == "refused"
    assert site.history.drops() == []
    assert export.exists()


def test_whether_a_path_elsewhere_exists_is_not_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "there").write_text(SECRET)
    there, absent = (site.drop(tmp_path / name).files[0] for name in ("there", "absent"))
    assert (there.state, there.refusal) == (absent.state, absent.refusal)


def test_a_file_that_became_a_link_out_while_it_was_read_is_not_moved(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, elsewhere = site.folder / "a.csv", tmp_path / "keys.txt"
    path.write_text("")
    elsewhere.write_text("")
    original = drop_module.read_drop_file

    def read(file: Path, profile: PlantProfile, **_: object) -> FileReading:
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        return original(file, profile)

    monkeypatch.setattr(drop_module, "read_drop_file", read)
    assert site.drop(path).files[0].moved_to == ""
    assert path.is_symlink()
    assert elsewhere.exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_where_it_lies(site: Site, make: Callable[[Path], None]) -> None:
    odd = site.folder / "odd.csv"
    make(odd)
    result = site.drop(odd, write_wide(site.folder / "good.csv", START, [1]))
    assert [file.state for file in result.files] == ["refused", "accepted"]
    assert result.files[0].refusal["code"] == "not_a_file"
    assert odd.exists()


def test_a_drop_folder_behind_a_link_takes_its_files(site: Site, tmp_path: Path) -> None:
    write_wide(site.folder / "a.csv", START, [1])
    link = tmp_path / "linked"
    link.symlink_to(site.folder)
    real, site.folder = site.folder, link
    assert site.drop(link / "a.csv").files[0].state == "accepted"
    assert site.drop(real / "a.csv", force=True).files[0].state == "accepted"
