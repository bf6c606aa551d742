"""Server-sent events from a real server: resumable, alike for all, and the same plant after a kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx
import orjson
import pytest

from serving.sensors.plant import RING
from tests.servers import free_port

pytestmark = pytest.mark.services
PATIENCE_S = 60


@dataclass
class Server:
    """The service in a process of its own."""

    home: Path
    process: "subprocess.Popen[bytes]"
    client: httpx.Client

    def events(self, last_id: int | None = None) -> Iterator[tuple[int, bytes]]:
        headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        with self.client.stream("GET", "/sensors/events", headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            number = -1
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    yield number, line[6:].encode()

    def speed(self, hours_per_second: float) -> None:
        answer = self.client.put("/sensors/speed", json={"hours_per_second": hours_per_second})
        answer.raise_for_status()

    def history(self, hours: int) -> list[dict]:
        return self.client.get(f"/sensors/history?hours={hours}").json()["rows"]


@contextmanager
def serving(home: Path, speed: float, **settings: str) -> Iterator[Server]:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")},
        "FOREWARN_HOME": str(home),
        "FOREWARN_DROP": str(home / "drop"),
        "FOREWARN_PORT_SENSORS": str(port),
        "FOREWARN_PLANT_SPEED": str(speed),
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "serving", "sensors"], env=environment)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False)
    try:
        _await_ready(client, process)
        yield Server(home, process, client)
    finally:
        client.close()
        process.terminate()
        process.wait(PATIENCE_S)


def _await_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service didn't start")


def test_events_are_the_rows_of_the_history_in_order(tmp_path):
    with serving(tmp_path, speed=20) as server:
        got = list(islice(server.events(), 30))
        rows = {row["timestamp"]: row for row in server.history(96)}
    numbers = [number for number, _ in got]
    assert numbers == list(range(numbers[0], numbers[0] + 30))
    for _, data in got:
        row = orjson.loads(data)
        assert row == rows[row["timestamp"]]


def test_a_client_resumes_after_the_last_event_it_got(tmp_path):
    with serving(tmp_path, speed=20) as server:
        first = list(islice(server.events(), 5))
        resumed = list(islice(server.events(first[1][0]), 10))
        from_afar = next(server.events(0))
        assert resumed[:3] == first[2:]
        assert [n for n, _ in resumed] == list(range(first[2][0], first[2][0] + 10))
        assert 90 * 24 - RING <= from_afar[0] < first[0][0] - RING // 2


def test_a_last_event_of_another_plant_starts_with_the_next_row(tmp_path):
    with serving(tmp_path, speed=20) as server:
        number, _ = next(server.events(10**9))
        assert number >= 90 * 24


def test_a_killed_service_goes_on_at_the_same_plant_time(tmp_path):
    with serving(tmp_path, speed=20) as server:
        server.client.post("/scenarios/activate", json={"scenario": "multi_alarm"}).raise_for_status()
        seen = list(islice(server.events(), 40))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(PATIENCE_S)
    with serving(tmp_path, speed=0) as server:
        newest = server.client.get("/sensors/live").json()
        rows = server.history(200)
        assert newest["id"] >= seen[-1][0]
        assert newest["scenario"] == "multi_alarm"
        by_time = {row["timestamp"]: row for row in rows}
        assert all(by_time[row["timestamp"]] == row for row in (orjson.loads(data) for _, data in seen))
        server.speed(20)
        number, _ = next(server.events(seen[-1][0]))
        assert number == seen[-1][0] + 1


def test_the_service_ends_promptly_while_clients_listen(tmp_path):
    with serving(tmp_path, speed=20) as server:
        stream = server.events()
        next(stream)
        server.process.terminate()
        assert server.process.wait(20) is not None
