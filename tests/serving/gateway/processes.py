"""A real gateway process, and a real inference for it to ask."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.forked_services import ForkedService
from tests.servers import free_port, running_app


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """An app on loopback, served by a thread; gives its address."""
    with running_app(app) as address:
        yield f"http://{address}"


class GatewayProcess:
    """A gateway in a process of its own.

    Args:
        home: its `FOREWARN_HOME`.
        log: where its output goes.
        environment: further variables.
    """

    def __init__(self, home: Path, log: Path, **environment: str) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FOREWARN_")}
        own = {"FOREWARN_HOME": str(home), "FOREWARN_PORT_GATEWAY": str(port), **environment}
        self._process = ForkedService("gateway", inherited | own, log)

    def __enter__(self) -> "GatewayProcess":
        self._wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """End the process, and wait until it has gone; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self._process.wait(60)

    @retry(
        retry=retry_if_exception_type(httpx.HTTPError),
        stop=stop_after_delay(60),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    def _wait_ready(self) -> None:
        assert self._process.poll() is None, "the gateway has ended"
        httpx.get(f"{self.address}/health", timeout=5).raise_for_status()
