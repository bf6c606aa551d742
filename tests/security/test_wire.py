"""Requests that no HTTP library writes, byte by byte: what stands before a body, and what comes too slowly."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from serving.web import bounded_http
from tests.security.services import NAMES, Service

POSTS = {
    "inference": "/predict",
    "gateway": "/auth/login",
    "sensors": "/scenarios/activate",
    "live": "/plants/gas_treatment/readings",
}


@contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    host, _, port = service.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        yield wire


def answer_to(service: Service, sent: bytes) -> bytes:
    """All that comes back until the connection is closed by the service."""
    with connected(service) as wire:
        wire.sendall(sent)
        received = b""
        while part := wire.recv(65536):
            received += part
        return received


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer.split(b" ", 2)[1])


def head(service: Service) -> bytes:
    """A request's beginning, by somebody who may send it."""
    known = "".join(f"{name}: {value}\r\n" for name, value in service.headers.items())
    return f"POST {POSTS[service.name]} HTTP/1.1\r\nHost: localhost\r\n{known}".encode()


def post(service: Service, *headers: bytes, body: bytes = b"{}") -> bytes:
    lines = b"".join(header + b"\r\n" for header in (b"Connection: close", *headers))
    return answer_to(service, head(service) + lines + b"\r\n" + body)


@pytest.mark.parametrize(
    "length", [b"\xb2", b"\xc2\xb2", b"9" * 5000, b"-1", b"+2", b"1_0", b"0x2", b"2 2", b""]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_length_that_is_no_number_is_a_bad_request(
    name: str, length: bytes, services: dict[str, Service]
) -> None:
    assert status_of(post(services[name], b"Content-Length: " + length)) in (400, 413)


@pytest.mark.parametrize("name", NAMES)
def test_two_lengths_are_a_bad_request(name: str, services: dict[str, Service]) -> None:
    """Two servers in a row would otherwise see two different requests."""
    service = services[name]
    assert status_of(post(service, b"Content-Length: 2", b"Content-Length: 3")) == 400
    assert status_of(post(service, b"Content-Length: 2", b"Transfer-Encoding: chunked")) == 400


@pytest.mark.parametrize("name", NAMES)
def test_more_is_refused_before_it_is_sent(name: str, services: dict[str, Service]) -> None:
    assert status_of(post(services[name], b"Content-Length: 999999999999", body=b"")) == 413


@pytest.mark.parametrize("name", NAMES)
def test_a_body_that_comes_byte_by_byte_is_waited_for_only_so_long(
    name: str,
    services: dict[str, Service],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(bounded_http, "BODY_WITHIN_S", 0.3)
    with connected(services[name]) as wire:
        wire.sendall(head(services[name]) + b"Content-Length: 1000\r\n\r\n")
        assert drip(wire) == b""
    with services[name].client() as client:
        assert client.get("/health").status_code == 200
    assert "Traceback" not in caplog.text


def drip(wire: socket.socket) -> bytes:
    """A byte every now and then, until the service has had enough; what it says then."""
    wire.settimeout(0.05)
    for _ in range(200):
        try:
            wire.sendall(b"a")
            return wire.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
    raise AssertionError("it is waited for without end")
