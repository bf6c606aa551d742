"""Which services make up the platform, and how one is run alone."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from plant_assets.cli.main import app
from plant_assets.cli.services import pages, services, single_services
from plant_assets.cli.up import tunnel_hint
from plant_assets.settings import read_settings
from serving.settings import ServingSettings
from tests.processes import PATIENCE_S, await_answer, running
from tests.servers import free_port

pytestmark = pytest.mark.usefixtures("forewarn_home")
NAMES = ("sensors", "inference", "live", "gateway")
FOREWARN = str(Path(sys.executable).with_name("forewarn"))


def started(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()
    return [service.name for service in services(read_settings())]


def test_the_platform_has_its_services_with_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(started(monkeypatch)[-4:]) == NAMES
    shown = pages(read_settings())
    assert [shown[name] for name in NAMES] == [
        "http://127.0.0.1:7500/docs",
        "http://127.0.0.1:7502/docs",
        "http://127.0.0.1:7505/docs",
        "http://127.0.0.1:7501/",
    ]


@pytest.mark.parametrize(
    ("variables", "runs"),
    [
        ({"FOREWARN_DEMO": "0"}, False),
        ({"FOREWARN_DEMO": "0", "FOREWARN_SENSORS_PLANT": "demo"}, True),
        ({"FOREWARN_SENSORS_PLANT": "nowhere"}, True),  # whose sentence is in its log
    ],
)
def test_the_live_plant_runs_with_the_demo_or_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], runs: bool
) -> None:
    assert ("sensors" in started(monkeypatch, **variables)) is runs
    assert "gateway" in started(monkeypatch, **variables)


@pytest.mark.parametrize(
    ("variables", "trains"),
    [
        ({}, "1"),
        ({"TRAIN_IF_MISSING": "0"}, "0"),
        ({"FOREWARN_DEMO": "0"}, "0"),
        ({"FOREWARN_DEMO": "0", "TRAIN_IF_MISSING": "1"}, "1"),
    ],
)
def test_simulated_plants_are_trained_by_themselves_with_the_demo_or_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], trains: str
) -> None:
    started(monkeypatch, **variables)
    inference = single_services(read_settings())["inference"]
    assert inference.environment["TRAIN_IF_MISSING"] == trains


def test_without_a_demo_plant_there_is_no_live_plant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    assert "sensors" not in started(monkeypatch, FOREWARN_DEFS=str(tmp_path / "defs"))


@pytest.mark.parametrize("name", NAMES)
def test_a_taken_port_is_named_with_its_variable(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = CliRunner().invoke(app, ["serve", name, "--port", port])
    assert (answer.exit_code, port in answer.output) == (1, True)
    assert f"set FOREWARN_PORT_{name.upper()} to a free one" in answer.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["serve"], "Missing argument"),
        (["serve", "historian"], "'historian' is not one of 'inference', 'gateway', 'sensors', 'live'"),
        (["serve", "gateway", "--port", "0"], "Invalid value for"),
    ],
)
def test_serve_refuses_what_it_can_not_run(arguments: list[str], expected: str) -> None:
    answer = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "TERM": "dumb"})
    assert answer.exit_code == 2
    assert expected in re.sub(r"[\s│]+", " ", answer.output)


def test_the_module_names_what_it_runs() -> None:
    refused = subprocess.run([sys.executable, "-m", "serving"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (
        1,
        "expected `python -m serving inference|gateway|sensors|live`, got 'no service'\n",
    )


@pytest.mark.parametrize(("name", "setting"), [("sensors", "SENSORS_PLANT"), ("inference", "DEFAULT_PLANT")])
def test_a_service_that_can_not_start_says_why_in_one_line(tmp_path: Path, name: str, setting: str) -> None:
    variables = {f"FOREWARN_{setting}": "nowhere", f"FOREWARN_PORT_{name.upper()}": str(free_port())}
    refused = subprocess.run(
        [sys.executable, "-m", "serving", name],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert f"FOREWARN_{setting}: " in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.services
@pytest.mark.parametrize("name", NAMES)
def test_each_runs_alone_until_it_is_told_to_end(tmp_path: Path, name: str) -> None:
    port = free_port()
    log = tmp_path / "log"
    with running([FOREWARN, "serve", name, "--port", str(port)], log) as process:
        health = await_answer(f"http://127.0.0.1:{port}/health", process)
        assert health.status_code == 200
        assert "server" not in health.headers
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["service"] for line in lines} == {name}
    assert lines[-1]["event"].startswith("Finished server process")


@pytest.mark.services
def test_a_listening_client_does_not_hold_the_end_up(tmp_path: Path) -> None:
    port = free_port()
    command = single_services(read_settings())["sensors"].command
    environment = {"FOREWARN_PORT_SENSORS": str(port)}
    with running([*command], tmp_path / "log", **environment) as process:
        await_answer(f"http://127.0.0.1:{port}/ready", process)
        url = f"http://127.0.0.1:{port}/sensors/events"
        with httpx.stream("GET", url, timeout=PATIENCE_S, trust_env=False) as stream:
            assert stream.status_code == 200
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
    assert time.monotonic() - began < 15, "the supervisor would have killed it by now"


@pytest.mark.parametrize(
    ("host", "local"),
    [("0.0.0.0", "127.0.0.1"), ("192.168.1.5", "127.0.0.1"), ("::", "127.0.0.1"), ("localhost", "localhost")],
)
def test_what_has_no_accounts_is_for_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, host: str, local: str
) -> None:
    started(monkeypatch, FOREWARN_HOST=host)
    settings = read_settings()
    addresses = {s.name: s.ready_url for s in services(settings) if s.name in ("dagster", "mlflow")}
    assert addresses == {
        "dagster": f"http://{local}:3000/server_info",
        "mlflow": f"http://{local}:5000/health",
    }
    assert ServingSettings().mlflow_address == f"http://{local}:5000"
    assert ServingSettings().dagster_address == f"http://{local}:3000"


def test_up_says_how_they_are_reached_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    started(monkeypatch, FOREWARN_HOST="0.0.0.0")
    assert "ssh -N -L 5000:127.0.0.1:5000 -L 3000:127.0.0.1:3000" in tunnel_hint(read_settings())
    started(monkeypatch, FOREWARN_MLFLOW_URL="http://mlflow.plant.example")
    assert ":5000" not in tunnel_hint(read_settings())
    started(monkeypatch, FOREWARN_HOST="127.0.0.1")
    assert tunnel_hint(read_settings()) == ""
