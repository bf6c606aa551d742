"""`forewarn up` waits for what makes progress, and says at once what went wrong."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import typer
from rich.console import Console

from plant_assets.cli import home, start, supervision
from plant_assets.cli.services import ServiceProcess
from plant_assets.cli.start import ServiceLog, StartWatch, await_ready
from plant_assets.cli.supervision import ProcessState
from plant_assets.cli.up import refuse_taken_ports
from plant_assets.settings import PipelineSettings, read_settings
from tests.servers import free_port

pytestmark = pytest.mark.usefixtures("forewarn_home")
SERVER = """\
import sys, time
from http.server import HTTPServer, SimpleHTTPRequestHandler
{before}
HTTPServer(("127.0.0.1", int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()"""


def python(code: str, port: int = 0, after: str = "") -> ServiceProcess:
    """A service named mlflow that runs this code."""
    url = f"http://127.0.0.1:{port}/" if port else ""
    return ServiceProcess("mlflow", (sys.executable, "-c", code, str(port)), port, url, after)


@pytest.fixture
def here(forewarn_home: Path):
    home.prepare(read_settings(), ["gas_treatment"])
    yield read_settings()
    try:
        supervision.stop(read_settings())
    except supervision.NotRunningError:
        return
    deadline = time.monotonic() + 90
    while supervision.living_processes(read_settings()) and time.monotonic() < deadline:
        time.sleep(0.1)


def started(here: PipelineSettings, service: ServiceProcess) -> None:
    """Start the service and wait for it."""
    supervision.start(here, [service], home.environment(here))
    await_ready(here, [service], Console())


def silence(monkeypatch: pytest.MonkeyPatch, seconds: int) -> PipelineSettings:
    monkeypatch.setenv("FOREWARN_START_SILENCE_SECONDS", str(seconds))
    read_settings.cache_clear()
    return read_settings()


def state(pid: int = 7, name: str = "RUNNING", ended_at: int = 0) -> ProcessState:
    return ProcessState("mlflow", name, pid, "", ended_at)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """Processor time of each process, as the test says."""
    used: dict[int, float] = {}
    monkeypatch.setattr(start, "processor_time_s", lambda pid: used.get(pid, 0.0))
    return used


@pytest.mark.parametrize("progress", ["processor time", "log", "another process"])
def test_a_slow_service_is_waited_for_as_long_as_it_makes_progress(
    tmp_path: Path, used: dict[int, float], progress: str
) -> None:
    log, watch = ServiceLog(tmp_path / "log"), StartWatch(0)
    for minute in range(1, 61):
        if progress == "processor time":
            used[7] = minute * 0.6
        elif progress == "log":
            (tmp_path / "log").open("a").write("migrating\n")
        assert (
            watch.silent_s(state(pid=minute if progress == "another process" else 7), log, minute * 60) == 0
        )


def test_a_service_that_hangs_is_silent_though_it_turns_over(tmp_path: Path, used: dict[int, float]) -> None:
    log, watch = ServiceLog(tmp_path / "log"), StartWatch(0)
    silent = watch.silent_s(state(), log, 10)
    for second in range(11, 60):
        used[7] = second * 0.001
        silent = watch.silent_s(state(), log, second)
    assert 45 < silent <= 49


def test_each_end_is_noticed_once() -> None:
    watch = StartWatch(0)
    seen = [state(), state(0, "BACKOFF", 100), state(0, "BACKOFF", 100), state(8), state(0, "EXITED", 107)]
    assert [watch.has_ended(each) for each in seen[:3]] == [False, True, False]
    assert watch.has_ended(state(8, ended_at=100)) is False
    assert watch.has_ended(seen[-1])
    assert watch.ends == 2


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("", ""),
        ("one\n\n  \n", "one"),
        ("\x1b[31mred\x1b[0m\n", "red"),
        ('{"event": "no room", "level": "error"}\n', "no room"),
        ("disk I/O error\n(Background on this error at: https://sqlalche.me/e/21/e3q8)\n", "disk I/O error"),
        ("Traceback (most recent call last):\n  File\nValueError: bad\n", "ValueError: bad"),
    ],
)
def test_the_last_line_is_of_this_start_alone(tmp_path: Path, written: str, last: str) -> None:
    path = tmp_path / "log"
    path.write_text("from yesterday\n")
    log = ServiceLog(path)
    path.open("a").write(written)
    assert log.last_line() == last


@pytest.mark.services
def test_a_service_that_ends_is_told_at_once_with_its_last_line(
    here: PipelineSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        started(here, python("print('reading'); raise SystemExit('no room for the database')", free_port()))
    said = capsys.readouterr()
    assert "mlflow ended while it started: no room for the database. Starting it again." in said.out
    assert "mlflow ended 3 times while it started: no room for the database" in said.err


@pytest.mark.services
def test_a_service_that_does_nothing_is_told_with_its_last_line(
    here: PipelineSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "_WORK_S", 3600)  # however long a busy machine takes to start Python
    here = silence(monkeypatch, 3)
    with pytest.raises(typer.Exit):
        started(
            here, python(SERVER.format(before="print('waiting', flush=True); time.sleep(3600)"), free_port())
        )
    assert "mlflow has done nothing for 3 s: waiting" in capsys.readouterr().err


@pytest.mark.services
def test_one_http_client_asks_however_long_it_takes(
    here: PipelineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, waits = [], []
    original, sleep = httpx.Client.__init__, time.sleep
    monkeypatch.setattr(
        httpx.Client, "__init__", lambda self, **options: (built.append(self), original(self, **options))[1]
    )
    monkeypatch.setattr(start.time, "sleep", lambda seconds: (waits.append(seconds), sleep(seconds)))
    started(here, python(SERVER.format(before="time.sleep(2)"), free_port()))
    assert len(built) == 1
    asked = [wait for wait in waits if wait <= 0.5]
    assert asked[0] < asked[-1]


@pytest.mark.services
@pytest.mark.parametrize("name", ["100% a", "a #1 ;b", "o'clock", 'a "b"', "back\\slash", "Größe, $HOME"])
def test_a_home_may_have_any_name(
    forewarn_home: Path, monkeypatch: pytest.MonkeyPatch, name: str, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("FOREWARN_HOME", str(forewarn_home / name))
    read_settings.cache_clear()
    here: PipelineSettings = request.getfixturevalue("here")
    shown = "import os; print(os.environ['FOREWARN_HOME'], sys.argv[2], flush=True)"
    service = python(SERVER.format(before=shown), free_port())
    started(here, replace(service, command=(*service.command, name)))
    log = start.log_path(here, "mlflow").read_text().splitlines()
    assert log[0] == f"{forewarn_home / name} {name}"
    assert (here.home / "run" / "supervisor.pid").is_file()


@pytest.mark.services
def test_a_port_of_another_platform_is_told_apart(
    here: PipelineSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    service = python(SERVER.format(before=""), free_port())
    started(here, service)
    with pytest.raises(typer.Exit):
        refuse_taken_ports(here, [service])
    assert f"port {service.port} is taken by the platform in {here.home}; set" in capsys.readouterr().err
