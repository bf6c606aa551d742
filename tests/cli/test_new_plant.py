"""`forewarn plant new` and `forewarn import`: a plant and its drop, or neither."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from plant_assets.cli import new_plant
from plant_assets.cli.main import app
from plant_assets.ingest.history.history import DropFile, DropInfo, PlantHistory
from plant_assets.ingest.reading import read_drop_file
from plant_assets.ingest.records import RECORD_SCHEMA
from plant_assets.profile.load import DEFS_FOLDER, load_profile
from plant_assets.settings import read_settings
from tests.imports.folders import LABELS, components, sensors, variables, write
from tests.servers import free_port

Files = dict[str, bytes]
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def defs(forewarn_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plants with one in it, and no Dagster."""
    folder = tmp_path / "defs"
    write(
        folder / "gas_treatment" / "defs.yaml",
        (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8"),
    )
    monkeypatch.setenv("FOREWARN_DEFS", str(folder))
    monkeypatch.setenv("FOREWARN_PORT_DAGSTER", str(free_port()))
    read_settings.cache_clear()
    yield folder
    read_settings.cache_clear()


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and everything printed, on one line."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def everything(*folders: Path) -> Files:
    """All files of folders, and the folders themselves."""
    found: Files = {}
    for folder in folders:
        found |= {str(p): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}
    return found


def test_a_plant_is_drafted_checked_and_shown(defs: Path, tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed [1/min]", "load"))
    status, text = run("plant", "new", "pump", "--from", export, "--title", "Feed pump")
    assert status == 0
    assert "│ speed │ 1/min │" in text
    assert "Dagster isn't running" in text
    assert f"forewarn drop {export} --plant pump" in text
    profile = load_profile("pump", defs)
    assert (profile.title, profile.tag_names) == ("Feed pump", ["speed", "load"])
    assert run("plant", "check") == (0, "gas_treatment, pump: no faults")
    assert run("drop", export, "--plant", "pump", "--no-follow")[0] == 0
    assert sorted(p.name for p in (defs / "pump").iterdir()) == ["defs.yaml"]


def test_data_of_a_former_plant_is_not_mixed_with_a_new_one_s(defs: Path, tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed", "level"))
    history = PlantHistory(read_settings().lake_root, "pump")
    record = {
        "timestamp": MOMENT,
        "tag": "speed",
        "value": 1.0,
        "quality": "good",
        "file": "a" * 64,
        "row": 2,
    }
    history.upsert(
        pl.DataFrame([record], schema=RECORD_SCHEMA), DropInfo((DropFile("a" * 64, "x.csv"),), MOMENT)
    )
    assert run("plant", "new", "pump", "--from", export)[0] == 0, "the same plant, drafted anew"
    record |= {"tag": "torque", "file": "b" * 64}
    history.upsert(
        pl.DataFrame([record], schema=RECORD_SCHEMA), DropInfo((DropFile("b" * 64, "y.csv"),), MOMENT)
    )
    before = everything(defs)
    status, text = run("plant", "new", "pump", "--from", export, "--force")
    assert status == 1
    assert "'pump' has a history with torque, which the draft lacks" in text
    assert everything(defs) == before


def test_columns_that_are_not_read_are_told(tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed", "", "Quality"))
    status, text = run("plant", "new", "pump", "--from", export)
    assert (status, "Not read: column C (no name), Quality (quality of no one tag)." in text) == (0, True)


def test_a_plant_that_exists_is_replaced_only_by_force_and_kept_beside(defs: Path, tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed"))
    before = (defs / "gas_treatment" / "defs.yaml").read_bytes()
    status, text = run("plant", "new", "gas_treatment", "--from", export)
    assert (status, "plant 'gas_treatment' exists already" in text, "--force" in text) == (1, True, True)
    assert (defs / "gas_treatment" / "defs.yaml").read_bytes() == before
    assert run("plant", "new", "gas_treatment", "--from", export, "--force")[0] == 0
    assert (defs / "gas_treatment" / "defs.yaml.before").read_bytes() == before
    assert load_profile("gas_treatment", defs).tag_names == ["speed"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("Pump", None, "'Pump' is not a valid plant name: expected lower case letters"),
        ("../pump", None, "is not a valid plant name"),
        ("p" * 40, None, "at most 39"),
        ("resources", None, "is a module in the folder of plants"),
        ("pump", "", "export.csv: the file is empty"),
        (
            "pump",
            "Timestamp,speed\n2024-01-01,oops\n2024-01-02,1\n2024-01-03,2\n",
            "export.csv: row 2, column B",
        ),
        ("plant", None, "expected a unique prefix; 'plant_' belongs to plant 'gas_treatment'"),
    ],
)
def test_a_refusal_leaves_no_plant(
    name: str, text: str | None, says: str, defs: Path, tmp_path: Path
) -> None:
    export = write(tmp_path / "export.csv", sensors("speed") if text is None else text)
    write(defs / "resources.py", "")
    yaml = defs / "gas_treatment" / "defs.yaml"
    yaml.write_text(
        yaml.read_text("utf-8").replace("registry_prefix: plant_alarm_", "registry_prefix: plant_"), "utf-8"
    )
    before = everything(defs, read_settings().drop)
    status, said = run("plant", "new", name, "--from", export)
    assert (status, says in said) == (1, True), said
    assert everything(defs, read_settings().drop) == before


def test_a_time_zone_that_is_none_is_told(tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed"))
    status, text = run("plant", "new", "pump", "--from", export, "--timezone", "Mars/Olympus")
    assert (status, "--timezone Mars/Olympus: expected an IANA time zone" in text) == (1, True)


def test_brackets_in_titles_and_names_are_no_markup(tmp_path: Path) -> None:
    export = write(tmp_path / "a [bold] [final].csv", sensors("speed"))
    assert run("plant", "new", "pump", "--from", export, "--title", "Boiler [north] a[/b]")[0] == 0
    status, text = run("plant", "list")
    assert (status, "│ Boiler [north] a[/b] │" in text) == (0, True), text
    status, text = run("drop", export, "--plant", "pump", "--no-follow")
    assert (status, "Dropped a [bold] [final].csv for pump." in text) == (0, True), text


def test_brackets_in_files_of_a_folder_are_no_markup(tmp_path: Path) -> None:
    folder = components(tmp_path / "export")
    write(folder / "fan" / "a [bold] [b].csv", "")
    status, text = run("import", folder, "--plant", "site", "--no-follow")
    assert (status, "no values in fan/a [bold] [b].csv" in text) == (0, True), text


def test_brackets_in_a_folder_s_name_are_no_markup(defs: Path) -> None:
    write(defs / "a[bold]" / "defs.yaml", "type: plant_assets.components.Plant\n")
    status, text = run("plant", "list")
    assert (status, "a[bold] │ faulty profile" in text) == (0, True), text


def test_the_next_command_runs_as_it_is_printed(tmp_path: Path) -> None:
    export = write(tmp_path / "a b [final] (1).csv", sensors("speed"))
    _, text = run("plant", "new", "pump", "--from", export)
    command = shlex.split(text.partition("Next: forewarn ")[2])
    assert command == ["drop", str(export), "--plant", "pump"]
    assert run(*command, "--no-follow")[0] == 0


def test_files_of_one_name_are_proposed_as_a_drop_each(tmp_path: Path) -> None:
    files = [write(tmp_path / tag / "day.csv", sensors(tag)) for tag in ("speed", "load")]
    _, text = run("plant", "new", "pump", *(part for file in files for part in ("--from", file)))
    assert text.endswith(" ".join(f"Next: forewarn drop {file} --plant pump" for file in files))


def test_an_export_that_is_not_there_is_told(tmp_path: Path) -> None:
    status, text = run("plant", "new", "pump", "--from", tmp_path / "nowhere.csv")
    assert (status, "nowhere.csv: No such file or directory" in text) == (1, True)


def test_a_folder_as_an_export_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "exports" / "export.csv", sensors("speed")).parent
    status, text = run("plant", "new", "pump", "--from", folder)
    assert (status, "'exports' is a folder; expected a file, such as those in it" in text) == (1, True)


def test_a_folder_becomes_a_plant_and_its_first_drop(defs: Path, tmp_path: Path) -> None:
    folder = components(tmp_path / "export")
    write(folder / "labels.csv", LABELS)
    status, text = run("import", folder, "--plant", "site")
    assert status == 0, text
    assert "3 files read as components: 600 values of 5 tags, 2 labelled periods" in text
    profile = load_profile("site", defs)
    assert profile.tag("fan_speed").process_unit == "fan"
    assert profile.horizons
    drop = read_settings().drop / "site"
    assert sorted(p.name for p in drop.iterdir()) == ["operator_log.csv", "site_import.parquet"]
    assert read_drop_file(drop / "site_import.parquet", profile).records.height == 600
    assert read_drop_file(drop / "operator_log.csv", profile).report.counts == {"periods": 2}


def test_an_import_never_replaces_a_plant_and_advises_no_option_that_it_lacks(tmp_path: Path) -> None:
    status, text = run("import", components(tmp_path / "export"), "--plant", "gas_treatment")
    assert (status, text.endswith("expected a new name")) == (1, True), text


def test_files_that_are_passed_over_are_named(tmp_path: Path) -> None:
    folder = components(tmp_path / "export")
    for name in ("a.csv", "readme.txt", ".hidden.txt", *(f"fan/{n}.jpg" for n in range(9))):
        write(folder / name, "")
    status, text = run("import", folder, "--plant", "site", "--no-follow")
    fans = ", ".join(f"fan/{n}.jpg" for n in range(8))
    assert status == 0, text
    assert f"of 5 tags, no values in a.csv, skipped {fans} and 2 more." in text


def test_periods_outside_the_data_are_counted(tmp_path: Path) -> None:
    folder = components(tmp_path / "export")
    labels = write(tmp_path / "labels.csv", LABELS + "2019-03-01 10:00,2019-03-01 11:00\n")
    status, text = run("import", folder, "--plant", "site", "--labels", labels, "--no-follow")
    assert (status, "note: 1 of 3 labelled periods don't overlap the data" in text) == (0, True), text
    write(labels, LABELS)
    status, text = run("import", folder, "--plant", "other", "--labels", labels, "--no-follow")
    assert (status, "don't overlap" in text) == (0, False), text


def test_variables_are_told_by_themselves_or_asked_for(tmp_path: Path) -> None:
    folder = variables(tmp_path / "export")
    status, text = run("import", folder, "--plant", "a", "--as", "variables")
    assert (status, "3 files read as variables" in text) == (0, True)
    status, text = run("import", folder, "--plant", "b")
    assert (status, "3 files read as variables" in text) == (0, True)


@pytest.mark.parametrize(
    ("options", "labels", "says"),
    [
        (["--as", "sheets"], LABELS, "--as sheets: expected components or variables"),
        (["--as", "variables"], LABELS, "expected a column of times and one of values"),
        ([], "2024-01-02,2024-01-01\n", "labels.csv: row 1: a period ends before it starts"),
        (
            [],
            "2019-03-01 10:00,2019-03-01 11:00\n2019-04-01,2019-04-02\n",
            "labels.csv: all periods lie from 2019-03-01 10:00 to 2019-04-02 00:00 UTC; "
            "expected one that touches the data, from 2024-01-01 00:00 to 2024-01-01 09:55 UTC",
        ),
        (["--labels", "nowhere.csv"], LABELS, "nowhere.csv: No such file"),
        (["--timezone", "Mars/Olympus"], LABELS, "IANA time zone such as Europe/Berlin"),
    ],
)
def test_a_refused_import_leaves_neither_plant_nor_drop(
    options: list[str], labels: str, says: str, defs: Path, tmp_path: Path
) -> None:
    folder = components(tmp_path / "export")
    write(folder / "labels.csv", labels)
    before = everything(defs, read_settings().drop)
    status, text = run("import", folder, "--plant", "site", *options)
    assert (status, says in text) == (1, True), text
    assert everything(defs, read_settings().drop) == before


@pytest.mark.parametrize("name", ["site_import.parquet", "site_import_02.parquet", "operator_log.csv"])
def test_an_import_never_replaces_what_waits_in_the_drop_folder(
    name: str, defs: Path, tmp_path: Path
) -> None:
    folder = components(tmp_path / "export")
    write(folder / "labels.csv", LABELS)
    write(read_settings().drop / "site" / name, "waiting")
    before = everything(defs, read_settings().drop)
    status, text = run("import", folder, "--plant", "site", "--no-follow")
    assert (status, f"{read_settings().drop / 'site'} already has {name}" in text) == (1, True), text
    assert everything(defs, read_settings().drop) == before


def test_a_waiting_log_is_in_nobodys_way_without_labels(tmp_path: Path) -> None:
    log = write(read_settings().drop / "site" / "operator_log.csv", LABELS)
    assert run("import", components(tmp_path / "export"), "--plant", "site", "--no-follow")[0] == 0
    assert log.read_text() == LABELS


@pytest.mark.parametrize("what", ["write_records", "write_log"])
def test_a_drop_that_can_not_be_written_leaves_neither_plant_nor_drop(
    what: str, defs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "site")

    folder = components(tmp_path / "export")
    write(folder / "labels.csv", LABELS)
    monkeypatch.setattr(f"plant_assets.cli.imports.{what}", full)
    status, text = run("import", folder, "--plant", "site")
    assert (status, "site: No space left on device" in text) == (1, True)
    assert not (defs / "site").exists()
    assert not list(read_settings().drop.rglob("*.*"))


def test_a_plants_folder_that_cant_be_made_is_told(defs: Path, tmp_path: Path) -> None:
    export = write(tmp_path / "export.csv", sensors("speed"))
    (defs / "pump").write_text("in the way")
    status, text = run("plant", "new", "pump", "--from", export, "--force")
    assert (status, "File exists" in text) == (1, True), text
    assert "Traceback" not in text
    assert (defs / "pump").read_text() == "in the way"


@pytest.mark.parametrize("name", ["pump", "gas_treatment"])
def test_a_drop_folder_that_cant_be_made_leaves_the_plants_as_they_were(
    name: str, defs: Path, tmp_path: Path
) -> None:
    export = write(tmp_path / "export.csv", sensors("speed"))
    write(read_settings().drop / name, "in the way")
    before = everything(defs, read_settings().drop)
    status, text = run("plant", "new", name, "--from", export, "--force")
    assert (status, f"{read_settings().drop / name}: File exists; expected a folder" in text) == (1, True), (
        text
    )
    assert everything(defs, read_settings().drop) == before


def test_the_former_plant_stays_where_a_new_one_does_not_check(
    defs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(path: Path) -> None:
        raise new_plant.NewPlantError("at fault")

    export = write(tmp_path / "export.csv", sensors("speed"))
    before = everything(defs)
    monkeypatch.setattr(new_plant, "_check", fault)
    assert run("plant", "new", "gas_treatment", "--from", export, "--force")[0] == 1
    assert everything(defs) == before
