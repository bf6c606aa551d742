"""Load on one address from a process of its own: wrk where it is installed, else a closed loop over sockets.

`python -m benchmarks.serving_load URL BODY_FILE CONNECTIONS SECONDS` is that closed loop; it prints JSON.
"""

import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

WRK = shutil.which("wrk")
TOOL = "wrk" if WRK else "a closed loop over sockets, in Python"
_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("%s", "rb")
wrk.body = file:read("*all")
file:close()
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d %%f %%f %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Throughput and latency of a load.

    Attributes:
        failed: answers of another status than 2xx, and connections that broke.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failed: int

    @property
    def per_s(self) -> float:
        return self.requests / self.seconds


def load(url: str, body: bytes, connections: int = 1, seconds: float = 5) -> LoadFigures:
    """POST the same body for a time; each connection asks again as soon as it is answered.

    Raises:
        RuntimeError: every request failed; refusals are quick, and their times would be no figures.
    """
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "body"
        content.write_bytes(body)
        found = (_wrk if WRK else _sockets)(url, content, connections, seconds)
    if found.failed >= found.requests:
        raise RuntimeError(f"{url}: all of {found.requests} requests failed")
    return found


def _sockets(url: str, content: Path, connections: int, seconds: float) -> LoadFigures:
    command = [sys.executable, "-m", "benchmarks.serving_load", url, content, connections, seconds]
    found = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    return LoadFigures(**json.loads(found.stdout))


def _wrk(url: str, content: Path, connections: int, seconds: float) -> LoadFigures:
    script = content.with_name("post.lua")
    script.write_text(_SCRIPT % content)
    command = [str(WRK), "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--timeout", "30s"]
    found = subprocess.run([*command, "-s", str(script), url], check=True, capture_output=True, text=True)
    line = next(line for line in found.stdout.splitlines() if line.startswith("RESULT"))
    requests, micros, p50, p99, failed = map(float, line.split()[1:])
    return LoadFigures(int(requests), micros / 1e6, p50 / 1e3, p99 / 1e3, int(failed))


def closed_loop(url: str, body: bytes, connections: int, seconds: float) -> LoadFigures:
    """The same without wrk. A stall counts once a connection, where wrk adds what it kept from being asked."""
    times: list[float] = []
    failed: list[str] = []
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_ask, args=(url, body, began + seconds, times, failed))
        for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return LoadFigures(len(times), took, cuts[49] * 1e3, cuts[98] * 1e3, len(failed))


def _ask(url: str, body: bytes, until: float, times: list[float], failed: list[str]) -> None:
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = wire.makefile("rb")
        while (began := time.perf_counter()) < until:
            wire.sendall(sent)
            status = answer.readline().split(b" ", 2)[1]
            length = 0
            while (line := answer.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            answer.read(length)
            times.append(time.perf_counter() - began)
            if not status.startswith(b"2"):
                failed.append(status.decode())


if __name__ == "__main__":
    address, file, count, duration = sys.argv[1:]
    print(json.dumps(asdict(closed_loop(address, Path(file).read_bytes(), int(count), float(duration)))))
