"""WORKERS: several real processes of inference answer as one, count as one, and are replaced when they die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.worker import worker_number
from tests.servers import free_port, running_app
from tests.serving.conftest import CHAMPION_NAME
from tests.serving.mlflow_fake import FakeMlflow

PATIENCE_S = 120
WORKERS = 2
AT_ONCE = 8
ROW = {"features": {"PDT31008": 240.5}}


@dataclass
class WorkersService:
    """Inference with its workers; each question goes over a connection of its own, to any of them."""

    address: str
    process: subprocess.Popen[bytes]
    home: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, timeout=30)

    def predict(self) -> httpx.Response:
        return httpx.post(f"{self.address}/predict", json=ROW, timeout=30)

    def instances(self) -> set[str]:
        """Processes that answered, until all workers have, each with its model."""
        found: set[str] = set()
        until(lambda: len(self._add_ready(found)) >= WORKERS)
        return found

    def _add_ready(self, found: set[str]) -> set[str]:
        # Many at once: of single connections, the worker that was quickest last may take all.
        with ThreadPoolExecutor(AT_ONCE) as threads:
            try:
                answers = list(threads.map(self.get, ["/ready"] * AT_ONCE))
            except httpx.TransportError:
                assert self.process.poll() is None, "the service has ended"
                return found
        found |= {answer.headers["X-Served-By"] for answer in answers if answer.status_code == 200}
        return found

    def figure(self, name: str) -> float:
        families = text_string_to_metric_families(self.get("/metrics").text)
        return sum(s.value for family in families for s in family.samples if s.name == name)

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def service(bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkersService]:
    mlflow = FakeMlflow()
    mlflow.publish(CHAMPION_NAME, 1, bundles["v1"], "champion")

    async def over_http(scope: Scope, receive: Receive, send: Send) -> None:
        asked = Request(scope, receive)
        answer = await mlflow.handle_async_request(httpx.Request(asked.method, str(asked.url)))
        await Response(answer.content, answer.status_code, media_type="application/json")(
            scope, receive, send
        )

    home, port = tmp_path_factory.mktemp("workers"), free_port()
    with running_app(over_http) as mlflow_address, (home / "log").open("wb") as log:  # type: ignore[arg-type]
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "inference"],
            env=os.environ
            | {
                "FOREWARN_HOME": str(home),
                "FOREWARN_PORT_INFERENCE": str(port),
                "FOREWARN_MLFLOW_URL": f"http://{mlflow_address}",
                "FOREWARN_POLL_SECONDS": "1",
                "WORKERS": str(WORKERS),
            },
            stdout=log,
            stderr=log,
        )
        try:
            yield WorkersService(f"http://127.0.0.1:{port}", process, home)
        finally:
            process.terminate()
            status = process.wait(60)
    assert status == 0
    assert "Traceback" not in (home / "log").read_text()


def test_any_worker_tells_what_all_have_counted(service: WorkersService) -> None:
    assert len(service.instances()) == WORKERS
    before = service.figure("inference_requests_total")
    answered = [service.predict() for _ in range(20)]
    assert {answer.status_code for answer in answered} == {200}
    assert len({answer.json()["risk_score"] for answer in answered}) == 1
    asked = [service.get("/metrics") for _ in range(20)]
    assert len({answer.headers["X-Served-By"] for answer in asked}) == WORKERS
    assert service.figure("inference_requests_total") == before + 20
    assert service.figure("model_loaded") == 1
    assert service.figure("process_resident_memory_bytes") > 0


def test_killed_worker_is_replaced_with_its_copies_and_nothing_counted_is_lost(
    service: WorkersService,
) -> None:
    before = service.instances()
    counted = service.figure("requests_total")
    os.kill(service.workers()[0].pid, signal.SIGKILL)
    until(lambda: len(service.instances() - before) == 1)
    assert service.figure("requests_total") > counted
    folders = {path.name for path in (service.home / "serving").glob("models*")}
    assert folders == {"models", "models-1"}


def test_number_of_a_worker_is_its_own_until_its_end(tmp_path: Path) -> None:
    with worker_number(tmp_path) as first:
        with worker_number(tmp_path) as second, worker_number(tmp_path) as third:
            assert (first, second, third) == (0, 1, 2)
        with worker_number(tmp_path) as again:
            assert again == 1
