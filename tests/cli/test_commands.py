"""The command line: what it does, and how it refuses."""

import errno
import re
import socket
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import polars as pl
import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from plant_assets.cli import home, supervision, up
from plant_assets.cli.console import print_whole
from plant_assets.cli.follow import step_name
from plant_assets.cli.main import app
from plant_assets.cli.services import pages, services
from plant_assets.settings import PipelineSettings, read_settings
from tests.cli.command_line import run
from tests.servers import free_port

pytestmark = pytest.mark.usefixtures("forewarn_home")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["drop", "/", "--plant", "gas_treatment"], "/: a folder; expected files, such as those in it"),
        (["drop", "nowhere.csv", "--plant", "gas_treatment"], "no such file: nowhere.csv"),
        (["drop", __file__, "--plant", "gas"], "no plant 'gas'"),
        (["plant", "check", "gas"], "no plant 'gas'"),
        (["plant", "check", "../gas"], "'../gas': expected a plant's name, not a path"),
        (["plant", "check", "gas_treatment/"], "'gas_treatment/': expected a plant's name, not a path"),
        (["simulate", "out", "--layout", "cuneiform"], "no layout 'cuneiform'; expected one of wide_csv"),
        (["simulate", "out", "--plant", "gas"], "no plant 'gas'"),
        (["export", "--plant", "gas"], "no plant 'gas'"),
        (["export", "sales"], "no table 'sales'; expected one of cleaned_dataset, labeled_dataset"),
        (
            ["export"],
            "plant gas_treatment has no cleaned_dataset yet; `forewarn train gas_treatment` makes it",
        ),
        (["export", "--to", "-"], "--to -: expected one table, got cleaned_dataset, labeled_dataset"),
        (
            ["export", "--to", "/proc/none", "model_results", "--plant", "demo"],
            "plant demo has no model_results",
        ),
        (["ps"], "the platform isn't running; start it with `make up`"),
        (["logs"], "no logs yet"),
        (["logs", "oracle"], "no log of oracle"),
        (["models", "--plant", "gas"], "no plant 'gas'"),
        (["promote", "--plant", "gas_treatment"], "plant_alarm_champion"),
        (["rollback", "--plant", "gas_treatment"], "no champion to roll back from"),
        (["promote", "--plant", "power_grid"], "power_grid_isolation_forest: no version"),
        (["rollback", "--plant", "power_grid"], "power_grid_isolation_forest: no champion to roll back from"),
    ],
)
def test_a_refusal_is_one_error_without_a_trace(arguments: list[str], says: str) -> None:
    status, text = run(*arguments)
    assert status == 1
    assert "error:" in text
    assert says in text
    assert "Traceback" not in text


def test_tables_are_exported_into_a_folder_or_printed(tmp_path: Path) -> None:
    asset = Path(read_settings().lake_root) / "gas_treatment" / "assets" / "raw_sensor_data.parquet"
    asset.parent.mkdir(parents=True)
    pl.DataFrame({"TE301020": [105.5]}).write_parquet(asset)
    status, text = run("export", "cleaned_dataset", "--to", str(tmp_path / "new" / "folder"))
    assert (status, "1 rows, 1 columns" in text) == (0, True)
    assert (tmp_path / "new" / "folder" / "cleaned_dataset.csv").read_text() == "TE301020\n105.5\n"
    assert run("export", "cleaned_dataset", "--plant", "gas_treatment", "--to", "-") == (0, "TE301020 105.5")
    assert run("export", "cleaned_dataset", "--to", __file__)[0] == 1


def test_logs_are_shown_without_colours() -> None:
    folder = read_settings().home / "logs"
    folder.mkdir(parents=True)
    coloured = "\x1b[32m2026-11-21 10:09:24\x1b[0m - dagster.daemon - \x1b[34mINFO\x1b[0m - [demo] µ\n\n"
    (folder / "daemon.log").write_text(coloured, "utf-8")
    command = Path(sys.executable).with_name("forewarn")
    shown = subprocess.run([command, "logs", "--no-follow"], capture_output=True, text=True, check=True)
    assert shown.stdout == "2026-11-21 10:09:24 - dagster.daemon - INFO - [demo] µ\n\n"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("demo__raw_sensor_data_raw_sensor_data_schema", "raw sensor data schema"),
        ("demo__features_features_schema", "features schema"),
        ("demo__forecaster_1h", "forecaster 1h"),
        ("demo__demo__instruments", "demo: instruments"),
        ("demo__rise_risen", "rise risen"),
    ],
)
def test_a_step_is_named_once(key: str, words: str) -> None:
    assert step_name(key) == words


def test_a_wrong_setting_is_refused_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_PORTS", "1")
    read_settings.cache_clear()
    status, text = run("plant", "list")
    assert status == 1
    assert "FOREWARN_PORTS: no such setting" in text


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_folder_of_plants_that_there_is_not_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("FOREWARN_DEFS", str(tmp_path / "nowhere"))
    read_settings.cache_clear()
    status, text = run("plant", command)
    assert status == 1
    assert f"FOREWARN_DEFS: expected a folder of plants, got {tmp_path / 'nowhere'}" in text


def test_plants_are_listed_and_checked() -> None:
    assert run("plant", "list")[1].count("gas_treatment") == 1
    assert run("plant", "check") == (0, "demo, gas_treatment, power_grid: no faults")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: gas_treatment", "name: copy", "attributes.registry_prefix: expected a unique prefix"),
        ("PDT31008_max > 300", "PDT31009_max > 300", "rule 'high_differential_pressure'"),
        (
            "attributes:",
            "attributes:\n",
            "copy/defs.yaml:5: attributes.name: expected the folder's name 'copy'",
        ),
    ],
)
def test_a_copied_plant_is_checked_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str
) -> None:
    yaml = (read_settings().defs / "gas_treatment" / "defs.yaml").read_text("utf-8")
    if "_max" in old:
        yaml = yaml.replace("name: gas_treatment", "name: copy").replace("plant_alarm_", "copy_alarm_")
    for name, text in (("gas_treatment", None), ("copy", yaml.replace(old, new, 1))):
        (tmp_path / "defs" / name).mkdir(parents=True)
        source = (read_settings().defs / "gas_treatment" / "defs.yaml").read_text("utf-8")
        (tmp_path / "defs" / name / "defs.yaml").write_text(text or source, "utf-8")
    monkeypatch.setenv("FOREWARN_DEFS", str(tmp_path / "defs"))
    read_settings.cache_clear()
    status, text = run("plant", "check", "copy")
    assert status == 1
    assert says in text


def test_a_plant_without_operators_is_simulated_with_its_anomalies_told_apart(tmp_path: Path) -> None:
    drop, told = tmp_path / "drop", tmp_path / "truth" / "events.csv"
    asked = ("simulate", str(drop), "--plant", "power_grid", "--days", "2", "--anomaly-rate", "0.2")
    status, text = run(*asked, "--events", str(told))
    assert status == 0, text
    assert [path.name for path in drop.iterdir()] == ["power_grid_20240101.csv"]
    events = pl.read_csv(told)
    assert set(events["kind"]) == {"anomaly"}
    assert set(events["tags"]) <= {"voltage", "current", "frequency"}
    status, text = run("simulate", str(drop), "--plant", "power_grid", "--anomaly-rate", "0.7")
    assert (status, "less than or equal to" in text) == (2, True)


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("there.csv", (), "there.csv: expected a folder"),
        ("there.csv/below", (), "there.csv/below: Not a directory"),
        ("folder", ("--events", "there.csv/below"), "there.csv: File exists"),
        ("folder", ("--events", "."), "is a directory"),
        (
            "folder",
            ("--days", "3650", "--start", "9998-01-01"),
            "--start 9998-01-01, --days 3650: expected days that end within the year 9999",
        ),
    ],
)
def test_a_drop_that_can_not_be_simulated_is_one_sentence(
    target: str, options: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.csv").write_text("mine")
    status, text = run("simulate", target, "--days", "1", *options)
    assert (status, says in text) == (1, True), text
    assert Path("there.csv").read_text() == "mine"


def test_simulated_days_are_written_as_a_drop(tmp_path: Path) -> None:
    status, text = run("simulate", str(tmp_path), "--days", "1", "--seed", "3", "--layout", "long_csv")
    assert status == 0
    assert "records in 2 file(s)" in text
    assert len(list(tmp_path.glob("*.csv"))) == 2


def test_down_without_a_platform_says_so() -> None:
    assert run("down") == (0, "the platform isn't running; start it with `make up`")


def test_the_supervisor_restarts_every_service_and_starts_dependants_later() -> None:
    here = read_settings()
    home.prepare(here, ["gas_treatment"])
    platform = services(here)
    config = RawConfigParser()
    config.read(supervision.write_config(here, platform))
    programs = {s.removeprefix("program:"): config[s] for s in config.sections() if s.startswith("program:")}
    assert set(programs) == {service.name for service in platform}
    assert all(program["autorestart"] == "true" for program in programs.values())
    assert {name for name, program in programs.items() if program["autostart"] == "false"} == {
        "code",
        "dagster",
        "daemon",
    }
    assert all("0.0.0.0" not in program["command"] for program in programs.values())
    assert config["unix_http_server"]["chmod"] == "0600"
    assert len(str(supervision.socket_path(here))) < 100


def test_databases_that_cannot_be_made_stop_what_started_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []

    def refuse(_: PipelineSettings) -> None:
        raise OSError("no room")

    monkeypatch.setattr(supervision, "start", lambda *_: None)
    monkeypatch.setattr(supervision, "stop", stopped.append)
    monkeypatch.setattr(supervision, "states", Mock(side_effect=supervision.NotRunningError))
    monkeypatch.setattr(up, "refuse_taken_ports", lambda *_: None)  # a platform may run beside the tests
    monkeypatch.setattr(home, "create_databases", refuse)
    result = CliRunner().invoke(app, ["up"], env={"FOREWARN_DEMO": "0"})
    assert isinstance(result.exception, OSError)
    assert stopped == [read_settings()]


@pytest.mark.parametrize(
    ("variables", "answers"),
    [
        ({}, "demo"),
        ({"FOREWARN_DEMO": "0"}, "gas_treatment"),
        ({"FOREWARN_DEFAULT_PLANT": "gas_treatment"}, "gas_treatment"),
    ],
)
def test_the_root_of_inference_is_the_demo_where_it_runs(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], answers: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()
    (inference,) = (service for service in services(read_settings()) if service.name == "inference")
    assert inference.environment["FOREWARN_DEFAULT_PLANT"] == answers


def test_a_given_mlflow_is_shown_and_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_MLFLOW_URL", "https://someone:hunter2@mlflow.example/base")
    read_settings.cache_clear()
    assert "mlflow" not in {service.name for service in services(read_settings())}
    assert pages(read_settings())["mlflow"] == "https://mlflow.example/base"


@pytest.mark.parametrize("url", ["", "postgresql://someone@127.0.0.1:1/mlflow"])
def test_an_mlflow_of_our_own_serves_a_database(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FOREWARN_MLFLOW_URL", url)
    read_settings.cache_clear()
    assert services(read_settings())[0].name == "mlflow"
    assert pages(read_settings())["mlflow"] == "http://127.0.0.1:5000"


def test_only_ports_of_what_is_started_must_be_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("FOREWARN_PORT_MLFLOW", str(taken.getsockname()[1]))
        monkeypatch.setenv("FOREWARN_PORT_CODE", str(other.getsockname()[1]))
        monkeypatch.setenv("FOREWARN_PORT_DAGSTER", str(free_port()))
        read_settings.cache_clear()
        status, text = run("up")
        assert (status, "set FOREWARN_PORT_MLFLOW to a free one" in text) == (1, True)
        monkeypatch.setenv("FOREWARN_MLFLOW_URL", "http://mlflow.example")
        read_settings.cache_clear()
        status, text = run("up")
        assert (status, "set FOREWARN_PORT_CODE to a free one" in text) == (1, True)


@pytest.mark.parametrize("width", [20, 60, 200])
def test_an_address_is_never_cut(width: int) -> None:
    url = "http://127.0.0.1:3000/some/long/path"
    table = Table("service", "state", "process", "page")
    table.add_row("dagster", "running", "pid 12345, uptime 0:01:33", url)
    console = Console(record=True, width=width)
    print_whole(table, console)
    (line,) = (line for line in console.export_text().splitlines() if "dagster" in line)
    assert url in line
    assert "pid 12345, uptime 0:01:33" in line


def test_home_is_laid_out_once_and_kept() -> None:
    here = read_settings()
    home.prepare(here, ["gas_treatment"])
    workspace = here.home / "run" / "workspace.yaml"
    before = workspace.stat().st_mtime_ns
    home.prepare(here, ["gas_treatment"])
    assert workspace.stat().st_mtime_ns == before
    assert (here.drop / "gas_treatment").is_dir()
    assert str(here.port_code) in workspace.read_text()


def test_a_run_may_take_as_long_to_start_as_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_RUN_START_SECONDS", "1234")
    read_settings.cache_clear()
    home.prepare(read_settings(), ["gas_treatment"])
    monkeypatch.setenv("DAGSTER_HOME", str(read_settings().home / "dagster"))
    with dg.DagsterInstance.get() as instance:
        assert instance.run_monitoring_start_timeout_seconds == 1234
    assert home.environment(read_settings())["DAGSTER_GRPC_TIMEOUT_SECONDS"] == "1234"


@pytest.mark.parametrize("command", [("up",), ("serve", "gateway", "--port", str(free_port()))])
@pytest.mark.parametrize("variable", ["FOREWARN_HOME", "FOREWARN_DROP"])
def test_a_place_that_is_a_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], variable: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    read_settings.cache_clear()
    status, text = run(*command)
    assert status == 1
    assert re.search(rf"{variable}: {tmp_path}/file\S*: .*; expected a folder that can be written", text), (
        text
    )


def test_a_home_that_can_not_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    home.prepare(read_settings(), ["gas_treatment"])

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(read_settings().home / "run" / "tmp"))

    monkeypatch.setattr("plant_assets.cli.home.tempfile.TemporaryFile", refuse)
    status, text = run("up")
    assert (status, "Traceback" in text) == (1, False)
    assert "Read-only file system; expected a folder that can be written" in text


@pytest.mark.parametrize("name", ["what?", "a%41", """o'clock "x\""""])
def test_a_home_that_addresses_misread_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("FOREWARN_HOME", str(tmp_path / name))
    read_settings.cache_clear()
    status, text = run("up")
    assert (status, "expected a folder without them" in text) == (1, True)
    assert not (tmp_path / name).exists()
