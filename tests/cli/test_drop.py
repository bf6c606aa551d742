"""Exports that are dropped by command: what waits, what is refused, and what is told of each file."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from rich.console import Console

from plant_assets.cli.drop import follow_drop, place
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.folder.listing import list_files, look_at
from plant_assets.settings import read_settings
from tests.cli.command_line import run

pytestmark = pytest.mark.usefixtures("forewarn_home")


def test_a_drop_waits_for_the_platform(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("timestamp,PDT31008\n2015-01-01 00:00,220\n")
    status, text = run("drop", str(export), "--plant", "gas_treatment")
    assert status == 0
    assert "isn't running" in text
    assert (read_settings().drop / "gas_treatment" / "export.csv").read_bytes() == export.read_bytes()


def test_a_file_that_nobody_has_read_yet_is_not_overwritten(tmp_path: Path) -> None:
    waiting = read_settings().drop / "gas_treatment" / "export.csv"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("timestamp,PDT31008\n2015-01-01 00:00,220\n")
    export = tmp_path / "export.csv"
    export.write_text("timestamp,PDT31008\n2015-01-08 00:00,230\n")
    status, text = run("drop", str(export), "--plant", "gas_treatment")
    assert status == 1
    assert "export.csv in" in text
    assert "is not ingested yet" in text
    assert "220" in waiting.read_text()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    DropLedger(read_settings().state_url).mark("gas_treatment", look_at(waiting), "a" * 64, "ingested", now)
    assert run("drop", str(export), "--plant", "gas_treatment")[0] == 0
    assert "230" in waiting.read_text()


def test_a_forced_drop_is_taken_in_whatever_went_in_before(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("timestamp,PDT31008\n2015-01-01 00:00,220\n")
    assert run("drop", str(export), "--plant", "gas_treatment", "--force")[0] == 0
    (entry,) = DropLedger(read_settings().state_url).entries("gas_treatment")
    assert (entry.path.name, entry.state, entry.forced) == ("export.csv", "seen", True)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "export.csv").write_text(name)
    files = [str(tmp_path / name / "export.csv") for name in ("a", "b")]
    status, text = run("drop", *files, "--plant", "gas_treatment")
    assert status == 1
    assert "several files are called export.csv" in text
    assert not (read_settings().drop / "gas_treatment").exists()


def test_following_a_drop_tells_of_this_file_not_of_an_earlier_one_of_its_name(tmp_path: Path) -> None:
    here, ledger = read_settings(), DropLedger(read_settings().state_url)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    folder = here.drop / "gas_treatment"
    export = tmp_path / "export [final].csv"
    export.write_text("first")
    ledger.mark("gas_treatment", look_at(place(export, folder)), "a" * 64, "ingested", now)
    export.write_text("the second one")
    target = place(export, folder)
    with pytest.raises(typer.Exit):
        follow_drop(here, "gas_treatment", [target], Console(), patience_s=0)
    ledger.mark("gas_treatment", look_at(target), "b" * 64, "ingested", now, message="7 records")
    told = Console(record=True)
    follow_drop(here, "gas_treatment", [target], told, patience_s=0)
    assert "export [final].csv: ingested 7 records" in told.export_text()


def test_a_file_of_known_content_is_told_once(tmp_path: Path) -> None:
    here, ledger = read_settings(), DropLedger(read_settings().state_url)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    folder = here.drop / "gas_treatment"
    files = [tmp_path / "first.csv", tmp_path / "second.csv"]
    for file in files:
        file.write_text("the same")
    first, second = (place(file, folder) for file in files)
    sha256 = hashlib.sha256(first.read_bytes()).hexdigest()
    ledger.mark("gas_treatment", look_at(first), sha256, "ingested", now)
    for later in (now, now + timedelta(minutes=1), now + timedelta(minutes=2)):
        ledger.scan(folder, "gas_treatment", later)
    told = Console(record=True, width=60)
    follow_drop(here, "gas_treatment", [second], told, patience_s=0)
    assert told.export_text().count("same content as first.csv") == 1


def test_a_file_appears_in_the_drop_folder_only_when_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, seen = tmp_path / "export.csv", []
    export.write_text("x" * 100)

    def half_done(source: Path, target: Path) -> None:
        Path(target).write_text("x")
        seen.extend(list_files(tmp_path / "drop"))
        Path(target).write_bytes(Path(source).read_bytes())

    monkeypatch.setattr("shutil.copyfile", half_done)
    target = place(export, tmp_path / "drop")
    assert seen == []
    assert target.read_text() == export.read_text()
    assert [found.path for found in list_files(tmp_path / "drop")] == [target]
