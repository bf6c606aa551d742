"""What `forewarn load` can send, and how true its figures are: against a server whose delays are known.

`python -m benchmarks.load [--seconds 4]` prints Markdown tables. The server is a process of its own, without any work
to do, so that what is measured is this tool; wrk asks the same server where it is installed.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.serving_load import WRK, closed_loop, load
from benchmarks.serving_site import free_port, process, wait_until
from plant_assets.load.open_loop import send_load
from plant_assets.load.plan import LoadPlan
from plant_assets.load.request_pool import request_pool
from plant_assets.load.summary import LoadSummary, summarize
from plant_assets.load.target import LoadTarget
from plant_assets.profile.load import load_profile

RATES = (250, 500, 1000, 2000, 4000, 8000)
DELAYS_MS = (5, 20, 100)
STALL_S = 1.0
ANSWER = b'{"alarm": false}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
_stalled_until = [0.0]


async def app(scope, receive, send) -> None:
    """`/delay/20/…` answers after 20 ms; after `/stall` nothing is answered for a second."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    path, now = scope["path"].split("/"), time.monotonic()
    if path[1] == "stall":
        _stalled_until[0] = now + STALL_S
    delay = int(path[2]) / 1e3 if path[1] == "delay" else 0.0
    if wait := max(delay, _stalled_until[0] - now):
        await asyncio.sleep(wait)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


@contextmanager
def server() -> Iterator[str]:
    """The app in a process of its own; gives its address."""
    port = free_port()
    options = ["--port", port, "--log-level", "warning", "--no-access-log", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", "benchmarks.load:app", *options]
    with (
        tempfile.TemporaryDirectory() as folder,
        process(command, dict(os.environ), Path(folder) / "log") as running,
    ):
        wait_until(f"http://127.0.0.1:{port}/", running)
        yield f"http://127.0.0.1:{port}"


def run_load(base: str, plan: LoadPlan) -> LoadSummary:
    return summarize(send_load(LoadTarget(base), plan, request_pool(load_profile("demo"), plan)), plan)


def print_heading(title: str, *columns: str) -> None:
    print(f"\n## {title}\n| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|", flush=True)


def line(first: str, found: LoadSummary) -> None:
    times, own = found.latency_ms, found.own_delay_ms
    if times is None or own is None:
        raise RuntimeError("no requests sent")
    cells = [f"{x:,.2f}" for x in (times.p50, times.p95, times.p99, times.max, own.p50, own.p99)]
    counts = [f"{found.achieved_rps:,.0f}", f"{found.failed:,}", f"{found.own_load:.0%}"]
    print("| " + " | ".join([first, *counts, *cells]) + " |", flush=True)


COLUMNS = ("answered/s", "failed", "of a core", "p50 ms", "p95", "p99", "max", "own delay p50", "p99")


def print_rates(base: str, seconds: float) -> None:
    print_heading("Rates", "target requests/s", *COLUMNS)
    for rate in RATES:
        line(f"{rate:,}", run_load(base, LoadPlan(rate, seconds)))
    line("1,000, new connections", run_load(base, LoadPlan(1000, seconds, new_connections=True)))


def print_delays(base: str, seconds: float) -> None:
    print_heading("Known delays, 200 requests a second", "delay ms", *COLUMNS)
    for delay in DELAYS_MS:
        line(str(delay), run_load(f"{base}/delay/{delay}", LoadPlan(200, seconds)))


def print_stall(base: str) -> None:
    """Three seconds, in one of which nothing is answered; a request of its own begins it."""
    print_heading("A stall of 1 s within 3 s, 100 requests a second", "client", *COLUMNS)
    stall = [sys.executable, "-c", f"import time, httpx; time.sleep(1); httpx.get('{base}/stall', timeout=9)"]
    with subprocess.Popen(stall):
        line("forewarn load", run_load(base, LoadPlan(100, 3, workers=200)))
    body = request_pool(load_profile("demo"), LoadPlan(1, 1)).body(0).content
    clients = {"a closed loop": closed_loop} | (
        {"wrk, corrected for coordinated omission": load} if WRK else {}
    )
    for name, client in clients.items():
        with subprocess.Popen(stall):
            found = client(f"{base}/predict", body, 1, 3)
        print(
            f"\n{name}, one connection: {found.per_s:,.0f}/s, p50 {found.p50_ms:.2f}, p99 {found.p99_ms:.2f} ms."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    seconds = parser.parse_args().seconds
    print(f"Load average at the start {psutil.getloadavg()[0]:.1f}.", flush=True)
    with server() as base:
        run_load(base, LoadPlan(100, 1))
        print_rates(base, seconds)
        print_delays(base, seconds)
        print_stall(base)
    print(f"\nLoad average at the end {psutil.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
