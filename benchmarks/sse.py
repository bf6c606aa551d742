"""How long an event takes to 500 clients of `/events`.

`python -m benchmarks.sse` starts a gateway process and a process of clients; a row a second comes from
sensors that this process plays. A delivery's time goes from the event's `created_at` in the database to the
client's receipt, so that it holds the commit as well.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

LOGIN = {"name": "bench", "password": "correct horse battery"}
TARGET_MS = 250


async def listen(address: str, token: str, clients: int, seconds: float) -> dict[str, list[float]]:
    """Receipt times (seconds since 1970) by event id, of all clients together.

    Prints the time at which all were connected.
    """
    import aiohttp

    seen: dict[str, list[float]] = {}
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    ready = 0

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal ready
        async with session.get(f"{address}/events?types=reading", headers=headers) as answer:
            ready += 1
            if ready == clients:
                print(time.time(), flush=True)
            async for line in answer.content:
                if line.startswith(b"id: "):
                    seen.setdefault(line[4:].strip().decode(), []).append(time.time())

    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(client(session)) for _ in range(clients)]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def row(number: int, start: datetime) -> dict[str, object]:
    values = dict.fromkeys((f"TAG{n:02d}" for n in range(22)), 100.0 + number)
    return {"timestamp": (start + timedelta(hours=number)).isoformat(), "values": values, "quality": {}}


def sensors_app(rows_per_second: float):
    """Sensors whose rows come at a steady pace."""
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app, start, began = FastAPI(), datetime(2026, 1, 1, tzinfo=UTC), time.time()

    def newest() -> int:
        return 100 + int((time.time() - began) * rows_per_second)

    async def stream():
        told = newest()
        while True:
            await asyncio.sleep(0.005)
            while told < newest():
                told += 1
                yield f"id: {told}\nevent: reading\ndata: {json.dumps(row(told, start))}\n\n"

    @app.get("/sensors/history")
    async def history(hours: int) -> dict[str, object]:
        rows = [row(n, start) for n in range(newest() - hours + 1, newest() + 1)]
        return {"plant": "demo", "interval_s": 3600, "rows": rows}

    @app.get("/sensors/live")
    async def live() -> dict[str, object]:
        return {"id": newest(), **row(newest(), start)}

    @app.get("/sensors/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(stream(), media_type="text/event-stream")

    return app


def delivery_ms(seen: dict[str, list[float]], database: Path, since: float) -> list[np.ndarray]:
    """For each event written since a time, its deliveries in milliseconds after it was written."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT id, created_at FROM events WHERE type = 'reading'").fetchall()
    written = {str(n): datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for n, at in rows}
    return [(np.array(times) - written[n]) * 1000 for n, times in seen.items() if written[n] > since]


def measure(clients: int, seconds: float, rows_per_second: float) -> list[np.ndarray]:
    """For each event that was written while all clients were connected, its deliveries in milliseconds."""
    import httpx
    import uvicorn

    from tests.servers import free_port

    with tempfile.TemporaryDirectory() as folder:
        home, sensors_port, port = Path(folder), free_port(), free_port()
        config = uvicorn.Config(sensors_app(rows_per_second), port=sensors_port, log_level="warning")
        server = uvicorn.Server(config)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FOREWARN_")} | {
            "FOREWARN_HOME": str(home),
            "FOREWARN_PORT_GATEWAY": str(port),
            "FOREWARN_SENSORS_URL": f"http://127.0.0.1:{sensors_port}",
            "FOREWARN_INFERENCE_URL": "http://127.0.0.1:1",
            "FOREWARN_DAGSTER_URL": "http://127.0.0.1:1",
            "FOREWARN_LOG_LEVEL": "error",
        }
        thread = threading.Thread(target=server.run)
        thread.start()
        gateway = subprocess.Popen([sys.executable, "-m", "serving", "gateway"], env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=address, timeout=10) as client:
                _wait_healthy(client)
                client.post("/auth/register", json=LOGIN).raise_for_status()
                token = client.post("/auth/login", json=LOGIN).json()["access_token"]
            command = [sys.executable, "-m", "benchmarks.sse", "--listen", address, token]
            command += [str(clients), str(seconds)]
            found = subprocess.run(command, capture_output=True, text=True, check=True)
            connected, answer = found.stdout.splitlines()
            return delivery_ms(json.loads(answer), home / "gateway" / "gateway.db", float(connected))
        finally:
            gateway.terminate()
            gateway.wait(30)
            server.should_exit = True
            thread.join(30)


def _wait_healthy(client) -> None:
    import httpx
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

    attempts = Retrying(
        retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(60), wait=wait_fixed(0.1)
    )
    attempts(lambda: client.get("/health").raise_for_status())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", nargs=4, metavar=("ADDRESS", "TOKEN", "CLIENTS", "SECONDS"))
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=1.0, help="rows a second")
    given = parser.parse_args()
    if given.listen:
        address, token, clients, seconds = given.listen
        print(json.dumps(asyncio.run(listen(address, token, int(clients), float(seconds)))))
        return
    events = measure(given.clients, given.seconds, given.rate)
    times = np.concatenate(events)
    title = (
        f"{given.clients} clients, {len(events)} events at {given.rate:g} a second, {len(times)} deliveries"
    )
    table = Table("p50 ms", "p95 ms", "p99 ms", "highest", "target p99", title=title)
    figures = [f"{np.percentile(times, q):.0f}" for q in (50, 95, 99, 100)]
    table.add_row(*figures, f"{TARGET_MS}")
    Console().print(table)


if __name__ == "__main__":
    main()
