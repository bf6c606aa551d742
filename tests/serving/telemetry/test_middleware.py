"""What every request gets: an id, figures, headers and a line."""

import asyncio
import re
import socket
import uuid

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from serving.settings import read_settings
from serving.telemetry.correlation import instance, place
from serving.telemetry.notes import request_id
from tests.serving.telemetry.conftest import Log, small_app

pytestmark = pytest.mark.anyio


async def counted(client: httpx.AsyncClient) -> dict[tuple[str, str, str], float]:
    """Requests by path, method and status, without those for the figures themselves."""
    text = (await client.get("/metrics")).text
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {
        (s.labels["path"], s.labels["method"], s.labels["status"]): s.value
        for s in samples
        if s.name == "requests_total" and s.labels["path"] != "/metrics"
    }


@pytest.mark.parametrize(
    ("method", "path", "counted_as"),
    [
        ("POST", "/plants/demo/predict", ("/plants/{plant}/predict", "POST", "200")),
        ("GET", "/plants/demo/models/champion", ("/plants/{plant}/models/{name}", "GET", "200")),
        ("GET", "/plants/demo/predict", ("/plants/{plant}/predict", "GET", "405")),
        ("GET", "/nothing/at/all", ("other", "GET", "404")),
        ("GET", "/fails", ("/fails", "GET", "500")),
        ("GET", "/openapi.json", ("/openapi.json", "GET", "200")),
        ("GET", "/docs", ("/docs", "GET", "200")),
        ("GET", "/static-offline-docs/swagger-ui.css", ("/static-offline-docs", "GET", "200")),
        ("BREW", "/nothing", ("other", "other", "404")),
    ],
)
async def test_a_request_counts_under_its_route(
    client: httpx.AsyncClient, method: str, path: str, counted_as: tuple[str, str, str]
) -> None:
    await client.request(method, path)
    assert await counted(client) == {counted_as: 1.0}


async def test_labels_stay_few_whatever_clients_ask_for(client: httpx.AsyncClient) -> None:
    for i in range(50):
        await client.get(f"/plants/p{i}/models/m{i}")
        await client.request(f"M{i}", f"/nothing/{i}")
    assert await counted(client) == {
        ("/plants/{plant}/models/{name}", "GET", "200"): 50.0,
        ("other", "other", "404"): 50.0,
    }


async def test_two_apps_count_apart(client: httpx.AsyncClient, released: asyncio.Event) -> None:
    other = httpx.AsyncClient(transport=httpx.ASGITransport(small_app(released)), base_url="http://other")
    async with other:
        await other.get("/own")
        assert await counted(client) == {}
        assert await counted(other) == {("/own", "GET", "200"): 1.0}


async def test_the_time_to_an_answer_is_measured(client: httpx.AsyncClient) -> None:
    await client.get("/own")
    text = (await client.get("/metrics")).text
    assert 'request_latency_seconds_count{method="GET",path="/own"} 1.0' in text
    assert 'request_latency_seconds_bucket{le="30.0",method="GET",path="/own"} 1.0' in text
    assert "process_resident_memory_bytes" in text


@pytest.mark.parametrize("given", ["a", "req-2026.11_21", "A" * 64])
async def test_a_sane_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/own", headers={"X-Request-ID": given})
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "A" * 65, "two words", "-x", "a\tb", 'a"b', "{}", "é", "../../etc"])
async def test_any_other_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/own", headers={"X-Request-ID": given.encode()})
    assert uuid.UUID(answer.headers["x-request-id"]).version == 7


@pytest.mark.parametrize("path", ["/plants/demo/models/x", "/nothing", "/fails", "/metrics", "/docs"])
async def test_every_answer_has_an_id_and_tells_browsers_what_not_to_do(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    scripts = "script-src 'self'" in headers["content-security-policy"]
    assert scripts is (path == "/docs"), "only the page of the API runs scripts"


@pytest.mark.parametrize("path", ["/own", "/nothing", "/fails"])
async def test_every_answer_names_the_process(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers.get_list("x-served-by") == [instance()]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*\.[0-9a-f]{6}", instance())


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"POD_NAME": "inference-6d4cf-x2x9z", "NODE_NAME": "worker-3"}, "inference-6d4cf-x2x9z"),
        ({"NODE_NAME": "worker-3.plant.example"}, "worker-3.plant.example"),
        ({"POD_NAME": "", "NODE_NAME": ""}, socket.gethostname()),
        ({"POD_NAME": f"{'long-' * 20}x2x9z"}, f"{'long-' * 20}x2x9z"),
    ],
)
async def test_a_pod_or_node_names_the_process(
    monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient, variables: dict[str, str], named: str
) -> None:
    cached = (read_settings, place, instance)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for one in cached:
        one.cache_clear()
    try:
        served_by = (await client.get("/own")).headers["x-served-by"]
        assert (place(), served_by.rpartition(".")[0]) == (named, named[-60:].strip("-."))
    finally:
        monkeypatch.undo()
        for one in cached:
            one.cache_clear()


async def test_what_a_route_says_itself_stands(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/own")).headers
    assert headers.get_list("cache-control") == ["max-age=60"]
    assert headers.get_list("x-frame-options") == ["SAMEORIGIN"]


async def test_browsers_may_keep_the_assets_of_the_page(client: httpx.AsyncClient) -> None:
    assert "cache-control" not in (await client.get("/static-offline-docs/swagger-ui.css")).headers


async def test_a_failure_is_a_problem_document_and_a_line_without_secrets(
    client: httpx.AsyncClient, log: Log
) -> None:
    answer = await client.get("/fails", headers={"X-Request-ID": "r1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:forewarn:problem:internal"
    failed, access = log.lines
    assert failed["event"] == "GET /fails failed"
    assert "RuntimeError: postgresql://maria:[redacted]@db" in str(failed["exception"])
    assert "hunter2" not in log.getvalue()
    assert (failed["request_id"], access["request_id"], access["status"]) == ("r1", "r1", 500)


async def test_the_line_of_a_request(client: httpx.AsyncClient, log: Log) -> None:
    await client.post("/plants/demo/predict?token=hunter2", headers={"X-Request-ID": "r2"})
    (line,) = log.lines
    assert line.pop("time")
    duration = line.pop("duration_ms")
    assert isinstance(duration, float)
    assert duration > 0
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "serving.access",
        "service": "inference",
        "instance": instance(),
        "pod": place(),
        "total": 1,
        "anomalies": 1,
        "method": "POST",
        "path": "/plants/demo/predict",
        "route": "/plants/{plant}/predict",
        "status": 200,
        "client": "127.0.0.1",
        "request_id": "r2",
        "plant": "demo",
        "model": "plant_alarm_champion",
        "prediction_id": "p.1",
    }


async def test_secrets_in_paths_and_line_ends_stay_out_of_the_log(
    client: httpx.AsyncClient, log: Log
) -> None:
    await client.get("/nothing/password=hunter2%0A%7B%22event%22:1%7D")
    (line,) = log.lines
    assert line["path"] == '/nothing/password=[redacted]\n{"event":1}', "in one line still"


async def test_facts_of_one_request_are_not_those_of_the_next(client: httpx.AsyncClient, log: Log) -> None:
    await client.post("/plants/demo/predict")
    await client.get("/own")
    assert "prediction_id" not in log.lines[1]
    assert log.lines[0]["request_id"] != log.lines[1]["request_id"]
    assert request_id() == ""


async def test_good_answers_to_machines_are_not_worth_a_line(client: httpx.AsyncClient, log: Log) -> None:
    await client.get("/metrics")
    await client.get("/health")  # this app has none
    assert [line["path"] for line in log.lines] == ["/health"]


async def test_a_stream_goes_through_part_by_part(app: FastAPI, released: asyncio.Event) -> None:
    sent: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b"", "headers": []}

    async def receive() -> Message:
        return await asyncio.Future()

    task = asyncio.create_task(app({**scope, "http_version": "1.1"}, receive, sent.put))
    start, first = await sent.get(), await sent.get()
    assert (start["status"], first["body"]) == (200, b"first")
    released.set()
    assert (await sent.get())["body"] == b"second"
    await task


async def test_a_request_whose_client_left_counts_as_such(app: FastAPI, log: Log) -> None:
    hanging = asyncio.Event()

    @app.get("/hangs")
    async def hangs() -> str:
        hanging.set()
        return await asyncio.Future()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        task = asyncio.create_task(client.get("/hangs"))
        await hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log.lines[0]["status"] == 499
        assert await counted(client) == {("/hangs", "GET", "499"): 1.0}
