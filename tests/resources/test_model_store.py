"""The word that aliases moved, given to a real server."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from plant_assets.resources.model_store import ModelStore


@contextmanager
def server(status: int) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that answers every POST by `status`; its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", asked
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def store(inference: str) -> ModelStore:
    return ModelStore(tracking_uri="", artifacts="", pages="", inference=inference)


def test_inference_is_told_at_its_address() -> None:
    with server(202) as (address, asked):
        assert store(address).tell_inference() == "inference was notified of the new aliases"
    assert asked == ["/models/refresh"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_said_and_harms_nothing(status: int) -> None:
    with server(status) as (address, _):
        assert store(address).tell_inference().startswith("inference was not notified (HTTPStatusError)")


def test_an_absent_or_silent_service_is_said_and_harms_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "was not notified (ConnectError)" in store(address).tell_inference()
        silent.listen()
        assert "was not notified (ReadTimeout)" in store(address).tell_inference()


def test_without_an_address_nobody_is_told() -> None:
    assert store("").tell_inference() == "inference polls the aliases by itself"
