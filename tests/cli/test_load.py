"""`forewarn load`: its figures, its exit status, and what it refuses."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from benchmarks.platform import await_true
from plant_assets.cli import load as command
from plant_assets.cli.main import app
from plant_assets.profile.model import PlantProfile
from tests.load.service import Service, served
from tests.servers import free_port

pytestmark = pytest.mark.usefixtures("forewarn_home")
SHORT = ("--rps", "100", "--duration", "0.5")
WITH_CTRL_C = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
"""Shells start what runs in the background with Ctrl-C ignored, and children inherit that."""


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["load", *arguments], env={"COLUMNS": "80"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_load_ends_with_a_table_of_what_came_of_it(profile: PlantProfile) -> None:
    with served(Service(profile)) as base:
        result = run("--url", base, *SHORT, "--anomaly-rate", "0.2", "--batch-size", "10")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert f"{base}/plants/gas_treatment" in text
    assert "succeeded │ 50 of 50 in" in text
    assert "100 injected, 100 of them detected; 100 detected in total" in text
    assert "by model-1.bbbbbb" in text
    assert "error" not in text


def test_failures_are_told_by_kind_and_end_with_status_1(profile: PlantProfile) -> None:
    service = Service(profile, answers=dict.fromkeys(range(7), (503, b'{"title": "A [model] is missing"}')))
    with served(service) as base:
        result = run("--url", base, *SHORT)
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    assert "succeeded │ 43 of 50" in text
    assert "503 A [model] is missing │ 7" in text


def test_machines_get_one_document(profile: PlantProfile) -> None:
    service = Service(profile, answers={0: (500, b"")})
    with served(service) as base:
        result = run("--url", f"{base}/plants/gas_treatment/predict", *SHORT, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["url"] == f"{base}/plants/gas_treatment"
    assert (told["planned"], told["succeeded"], told["failed"]) == (50, 49, 1)
    assert told["errors"] == {"500 Internal Server Error": 1}
    assert told["plan"]["rps"] == 100
    assert told["latency_ms"]["p50"] <= told["latency_ms"]["p99"] <= told["latency_ms"]["max"]
    assert told["instances"][0]["name"] == "model-1.bbbbbb"
    assert told["instances"][0]["latency_ms"]["count"] == 49
    assert told["anomalies"]["readings"] == 49


def test_ctrl_c_ends_early_with_what_was_seen_and_status_130(profile: PlantProfile) -> None:
    """As a user has it: in a process of its own."""
    service = Service(profile, stall_at=40, stall_s=60)
    forewarn = Path(sys.executable).with_name("forewarn")
    plan = ["--rps", "100", "--duration", "600", "--workers", "100", "--timeout", "100"]
    with served(service) as base:
        process = subprocess.Popen(
            [sys.executable, "-c", WITH_CTRL_C, forewarn, "load", "--url", base, *plan, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        await_true(lambda: service.under_way >= 10, 60, "ten requests without an answer")
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=60)
    assert process.returncode == command.INTERRUPTED, errors
    assert "Traceback" not in errors
    seen = json.loads(told)
    assert (seen["planned"], seen["errors"]) == (60_000, {})
    assert 0 < seen["succeeded"] <= 40
    assert seen["cut_short"] >= 10
    assert seen["succeeded"] + seen["cut_short"] == pytest.approx(100 * seen["seconds"], abs=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rps", "0"], "rps: expected 0.01 to 50,000, got 0"),
        (["--duration", "nan"], "duration: expected 0.01 to 86,400, got nan"),
        (["--workers", "9999"], "workers: expected 1 to 500, got 9999"),
        (["--rps", "1000", "--duration", "1001"], "1,001,000 requests are more than 1,000,000; add --yes"),
        (["--rps", "50000", "--duration", "86400", "--yes"], "expected at most 10,000,000 requests"),
        (["--url", "http://192.0.2.1"], "http://192.0.2.1 isn't this machine; add --yes to load it"),
        (["--url", "here"], "url: expected an address such as http://127.0.0.1:7502, got 'here'"),
        (
            ["--url", "http://127.0.0.1:1/plants/demo", "--plant", "x"],
            "plant: expected 'demo', which url names",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())


def test_the_default_is_the_local_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    port = str(free_port())
    monkeypatch.setenv("FOREWARN_PORT_INFERENCE", port)
    command.read_settings.cache_clear()
    result = run()
    assert result.exit_code == 1
    assert f"http://127.0.0.1:{port}: connection refused; start the platform" in " ".join(
        result.output.split()
    )


def test_a_plant_that_is_not_known_here_is_refused(profile: PlantProfile) -> None:
    with served(Service(profile, plants=b'{"plants": [{"name": "far_away", "default": true}]}')) as base:
        result = run("--url", base)
    assert result.exit_code == 1
    assert "no plant 'far_away'" in result.output
