"""Real time-series stores on loopback for tests: started in temporary folders, ended by their process."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.servers import free_port

_READY_WITHIN_S = 30
_INFLUX_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{backup}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def has_victoria() -> bool:
    return shutil.which("victoria-metrics") is not None


def has_influx1() -> bool:
    return shutil.which("influxd") is not None


@dataclass
class StoreServer:
    """A store that can be stopped and started again with what it holds.

    Attributes:
        url: as `FOREWARN_TSDB_URL`.
    """

    url: str
    address: str
    command: Sequence[str]
    folder: Path
    ready: str
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.address}{self.ready}", trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.command[0]} did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextmanager
def running_victoria() -> Iterator[StoreServer]:
    """A fresh VictoriaMetrics that shows at once what it has, and keeps old and new times alike."""
    with tempfile.TemporaryDirectory(prefix="vm", ignore_cleanup_errors=True) as name:
        port, folder = free_port(), Path(name)
        command = [
            "victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder / 'data'}",
            "-search.latencyOffset=0s", "-dedup.minScrapeInterval=1ms", "-retentionPeriod=100y", "-memory.allowedBytes=128MB",
        ]  # fmt: skip
        server = StoreServer(
            f"victoria://127.0.0.1:{port}", f"http://127.0.0.1:{port}", command, folder, "/health"
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_influx1() -> Iterator[StoreServer]:
    """A fresh InfluxDB 1 with a database `plant`."""
    with tempfile.TemporaryDirectory(prefix="influx", ignore_cleanup_errors=True) as name:
        port, folder = free_port(), Path(name)
        config = folder / "influxdb.conf"
        config.write_text(_INFLUX_CONFIG.format(folder=folder, port=port, backup=free_port()))
        address = f"http://127.0.0.1:{port}"
        server = StoreServer(
            f"influx1://127.0.0.1:{port}/plant", address, ["influxd", "-config", str(config)], folder, "/ping"
        )
        server.start()
        try:
            made = httpx.post(f"{address}/query", params={"q": "CREATE DATABASE plant"}, trust_env=False)
            made.raise_for_status()
            yield server
        finally:
            server.stop()
