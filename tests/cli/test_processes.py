"""The platform's real processes: nothing of them is left, whatever was killed before."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from plant_assets.cli import home, supervision
from plant_assets.cli.main import app
from plant_assets.cli.services import ServiceProcess, services
from plant_assets.settings import PipelineSettings, read_settings
from tests.conftest import copy_mlflow
from tests.servers import free_port

pytestmark = [pytest.mark.usefixtures("forewarn_home"), pytest.mark.services]
PATIENCE_S = 90


@pytest.fixture
def here(forewarn_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineSettings]:
    """A platform with a free port for MLflow, which is stopped at the end."""
    monkeypatch.setenv("FOREWARN_PORT_MLFLOW", str(free_port()))
    read_settings.cache_clear()
    home.prepare(read_settings(), ["gas_treatment"])
    yield read_settings()
    CliRunner().invoke(app, ["down"])


@pytest.fixture
def known_mlflow(here: PipelineSettings, empty_mlflow: Path) -> None:
    """MLflow finds its database, which it would take its time to make."""
    copy_mlflow(empty_mlflow, here.home)


@pytest.fixture
def mlflow(here: PipelineSettings) -> ServiceProcess:
    """The MLflow service, running and answering."""
    (service,) = (service for service in services(here) if service.name == "mlflow")
    supervision.start(here, [service], home.environment(here))
    await_true(lambda: answers(service), "MLflow answers")
    return service


def await_true(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.1)


def answers(service: ServiceProcess) -> bool:
    try:
        return httpx.get(service.ready_url, timeout=5).is_success
    except httpx.HTTPError:
        return False


def of_the_platform(here: PipelineSettings) -> list[str]:
    """Command lines of living processes that have the platform's home in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DAGSTER_HOME") == str(here.home / "dagster"):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def kill(here: PipelineSettings, name: str) -> int:
    (state,) = (state for state in supervision.states(here) if state.name == name)
    os.kill(state.pid, signal.SIGKILL)
    return state.pid


@pytest.mark.usefixtures("known_mlflow")
def test_mlflow_is_one_process_and_comes_again_on_its_port_when_killed(
    here: PipelineSettings, mlflow: ServiceProcess
) -> None:
    pid = kill(here, "mlflow")
    await_true(lambda: not psutil.pid_exists(pid), "the killed process is gone")
    assert not listens(mlflow.port), "a child outlived it"
    await_true(lambda: answers(mlflow), "MLflow answers again")
    result = CliRunner().invoke(app, ["down"])
    assert (result.exit_code, "Stopped." in result.output) == (0, True)
    assert of_the_platform(here) == []
    assert not listens(mlflow.port)


def test_mlflow_guards_its_pages_against_other_sites_and_keeps_what_it_is_told(
    here: PipelineSettings, mlflow: ServiceProcess
) -> None:
    create = f"{mlflow.page}/api/2.0/mlflow/experiments/create"
    strange = httpx.post(create, json={"name": "a"}, headers={"Host": "evil.example"})
    assert (strange.status_code, strange.json()["type"]) == (421, "urn:forewarn:problem:unknown-host")
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
        for path in (create, f"{mlflow.page}/graphql"):
            elsewhere = httpx.post(path, json={"name": "b"}, headers={"Origin": origin})
            assert (elsewhere.status_code, "cross-site" in elsewhere.text) == (403, True), (origin, path)
    own = httpx.post(create, json={"name": "d"}, headers={"Origin": mlflow.page})
    assert own.status_code == 200, own.text
    made = httpx.post(create, json={"name": "c"})
    assert made.status_code == 200, made.text
    found = httpx.get(
        f"{mlflow.page}/api/2.0/mlflow/experiments/get",
        params={"experiment_id": made.json()["experiment_id"]},
    ).json()["experiment"]
    assert found["artifact_location"].startswith(str(here.mlflow_artifacts))
    assert (here.home / "mlflow" / "mlflow.db").is_file()
    assert httpx.get(mlflow.page).headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("known_mlflow")
def test_down_ends_what_a_killed_supervisor_left(here: PipelineSettings, mlflow: ServiceProcess) -> None:
    supervisor = int((here.home / "run" / "supervisor.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    await_true(lambda: not psutil.pid_exists(supervisor), "the supervisor is gone")
    assert listens(mlflow.port)
    result = CliRunner().invoke(app, ["down"])
    assert (result.exit_code, "Stopped 1 processes without a supervisor." in result.output) == (0, True)
    assert of_the_platform(here) == []
    assert not listens(mlflow.port)
