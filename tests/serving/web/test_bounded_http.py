"""Connections whose requests don't begin properly are closed; all others go on."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI, Request

from serving.server import MOST_CONNECTIONS, OTHER_FILES, most_connections
from serving.web import bounded_http
from serving.web.bounded_http import MOST_HEADER_BYTES, BoundedHttp
from tests.servers import running_app

Address = tuple[str, int]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    monkeypatch.setattr(bounded_http, "HEADERS_WITHIN_S", 0.5)
    app = FastAPI()

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    with running_app(app, http=BoundedHttp) as address:
        yield "127.0.0.1", int(address.rpartition(":")[2])


def url_of(address: Address) -> str:
    return f"http://{address[0]}:{address[1]}"


def answer_to(address: Address, *parts: bytes) -> bytes:
    """All that a raw connection is answered until it is closed."""
    got = b""
    with socket.create_connection(address, timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while piece := connection.recv(65536):
                got += piece
        except ConnectionError:
            pass  # closed while there was more to send
        return got


@pytest.mark.parametrize("header", [b"X: %b\r\n" % (b"a" * 1000), b"a" * 1000], ids=["many", "one"])
def test_headers_without_end_are_refused(address: Address, header: bytes) -> None:
    flood = header * (MOST_HEADER_BYTES // len(header) + 1)
    got = answer_to(address, b"POST /length HTTP/1.1\r\nHost: x\r\nY: ", flood)
    assert got.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    document = json.loads(got.partition(b"\r\n\r\n")[2])
    assert (document["status"], document["type"]) == (431, "urn:forewarn:problem:headers-too-long")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
    ids=["no request", "HTTP/2", "length below zero", "two lengths"],
)
def test_what_is_no_http_is_told_as_a_problem(address: Address, request_bytes: bytes) -> None:
    head, _, body = answer_to(address, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n")
    document = json.loads(body)
    assert (document["status"], document["type"]) == (400, "urn:forewarn:problem:no-http")


@pytest.mark.parametrize("start", [b"", b"POST /length HTTP/1.1\r\nHost:"], ids=["silent", "slow"])
def test_headers_that_do_not_come_are_not_awaited_for_ever(address: Address, start: bytes) -> None:
    assert answer_to(address, start) == b""


def test_long_bodies_and_several_requests_on_a_connection_pass(address: Address) -> None:
    with httpx.Client(base_url=url_of(address), trust_env=False) as client:
        for size in (0, 10 * MOST_HEADER_BYTES, 5):
            assert client.post("/length", content=b"x" * size).json() == size
        assert client.post("/length", content=b"x", headers={"X-Long": "a" * 8000}).json() == 1


def test_a_body_may_take_longer_than_headers(address: Address) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(3):
            threading.Event().wait(0.3)
            yield b"xx"

    assert httpx.post(f"{url_of(address)}/length", content=slowly(), trust_env=False, timeout=30).json() == 6


@pytest.mark.parametrize(("piece", "passes"), [(b"x" * 600, True), (b"x", False)], ids=["flows", "drips"])
def test_a_large_body_has_time_for_each_piece(
    address: Address, monkeypatch: pytest.MonkeyPatch, piece: bytes, passes: bool
) -> None:
    monkeypatch.setattr(bounded_http, "BODY_WITHIN_S", 1.0)
    monkeypatch.setattr(bounded_http, "BODY_PIECE_BYTES", 500)

    def slowly() -> Iterator[bytes]:
        for _ in range(8):
            threading.Event().wait(0.25)
            yield piece

    try:
        answer = httpx.post(f"{url_of(address)}/length", content=slowly(), trust_env=False, timeout=30)
    except httpx.HTTPError:
        assert not passes
    else:
        assert (passes, answer.json()) == (True, 8 * len(piece))


@pytest.mark.parametrize("kib", [33, 200])
@pytest.mark.parametrize("part", ["line", "one header", "many headers"])
def test_headers_that_come_at_once_have_the_same_limit(address: Address, kib: int, part: str) -> None:
    size = kib * 1024
    line, headers = b"/length", b""
    if part == "line":
        line += b"?" + b"a" * size
    elif part == "one header":
        headers = b"X: %b\r\n" % (b"a" * size)
    else:
        headers = b"X: aaaaaaaaaa\r\n" * (size // 15)
    whole = b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: 2\r\n\r\n{}" % (line, headers)
    assert answer_to(address, whole).startswith(b"HTTP/1.1 431 ")


def test_headers_below_the_limit_pass_at_once(address: Address) -> None:
    whole = b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: %b\r\nContent-Length: 2\r\n\r\n{}"
    assert answer_to(address, whole % (b"a" * 31 * 1024)).endswith(b"2")


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """A server of 40 connections at most, ten of them spare; a request to /slow takes 2 s."""
    monkeypatch.setattr(bounded_http, "SPARE_CONNECTIONS", 10)
    app = FastAPI()

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(2)
        return "done"

    with running_app(app, http=BoundedHttp, limit_concurrency=40) as address:
        yield "127.0.0.1", int(address.rpartition(":")[2])


@pytest.mark.parametrize(
    "sent", [b"", b"GET /health HTTP/1.1\r\nHost:", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_idle_connections_make_room_for_requests(crowded: Address, sent: bytes) -> None:
    with contextlib.ExitStack() as held, httpx.Client(base_url=url_of(crowded), trust_env=False) as client:
        idle = [held.enter_context(socket.create_connection(crowded, timeout=10)) for _ in range(100)]
        for one in idle:
            with contextlib.suppress(ConnectionError):
                one.sendall(sent)
        threading.Event().wait(2 * bounded_http.GRACE_S)
        for _ in range(5):
            assert client.get("/health").status_code == 200
            assert httpx.get(f"{url_of(crowded)}/health", trust_env=False).status_code == 200


def test_a_request_in_progress_is_not_given_up_for_idle_connections(crowded: Address) -> None:
    with contextlib.ExitStack() as held, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{url_of(crowded)}/slow", trust_env=False, timeout=10)
        threading.Event().wait(0.5)
        for _ in range(100):
            held.enter_context(socket.create_connection(crowded, timeout=10))
        assert answer.result().json() == "done"


def test_more_requests_at_once_than_connections_are_told_so(crowded: Address) -> None:
    with contextlib.ExitStack() as held:
        asked = []
        for _ in range(60):
            asked.append(held.enter_context(socket.create_connection(crowded, timeout=20)))
            asked[-1].sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert {one.recv(12)[-3:] for one in asked} == {b"200", b"503"}


def test_a_service_takes_no_more_connections_than_the_system_has_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = [1024, 2000]
    monkeypatch.setattr("resource.getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr("resource.setrlimit", lambda _, new: limits.__setitem__(0, new[0]))
    assert (most_connections(), limits[0]) == (2000 - OTHER_FILES, 2000)
    limits[:] = 1024, 20_000
    assert (most_connections(), limits[0]) == (MOST_CONNECTIONS, MOST_CONNECTIONS + OTHER_FILES)
    limits[:] = 20_000, 20_000
    assert (most_connections(), limits[0]) == (MOST_CONNECTIONS, 20_000)
