"""How long an event takes to 500 clients of `/events`.

`python -m benchmarks.sse` starts a gateway process and a process of clients; a row a second is
told by this process. A delivery's time goes from the event's `created_at` in the database to the
client's receipt, so that it holds the commit as well.
"""

import argparse
import asyncio
import itertools
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


async def tell_rows(home: Path, rows_per_second: float, over: threading.Event) -> None:
    """Tell of rows at a steady pace, as the live service does."""
    from serving.events.log import EventLog
    from serving.scores.schemas import ReadingData, ReadingEvent
    from serving.settings import ServingSettings
    from serving.store.database import Database, database_url

    database, start = Database(database_url(ServingSettings(home=home))), datetime(2026, 1, 1, tzinfo=UTC)
    events = EventLog(database, 50_000)
    try:
        for number in itertools.count():
            if over.is_set():
                return
            values = dict.fromkeys((f"TAG{n:02d}" for n in range(22)), 100.0 + number)
            time_of_row = start + timedelta(hours=number)
            row = ReadingData(plant="demo", number=number, timestamp=time_of_row, values=values)
            async with events.change() as change:
                change.tell(ReadingEvent(data=row))
            await asyncio.sleep(1 / rows_per_second)
    finally:
        await database.close()


def delivery_ms(seen: dict[str, list[float]], database: Path, since: float) -> list[np.ndarray]:
    """For each event written since a time, its deliveries in milliseconds after it was written."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT id, created_at FROM events WHERE type = 'reading'").fetchall()
    written = {str(n): datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for n, at in rows}
    return [(np.array(times) - written[n]) * 1000 for n, times in seen.items() if written[n] > since]


def measure(clients: int, seconds: float, rows_per_second: float) -> list[np.ndarray]:
    """For each event that was written while all clients were connected, its deliveries in milliseconds."""
    import httpx

    from tests.servers import free_port

    with tempfile.TemporaryDirectory() as folder:
        home, port, over = Path(folder), free_port(), threading.Event()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FOREWARN_")} | {
            "FOREWARN_HOME": str(home),
            "FOREWARN_PORT_GATEWAY": str(port),
            "FOREWARN_INFERENCE_URL": "http://127.0.0.1:1",
            "FOREWARN_DAGSTER_URL": "http://127.0.0.1:1",
            "FOREWARN_LOG_LEVEL": "error",
        }
        telling = threading.Thread(target=lambda: asyncio.run(tell_rows(home, rows_per_second, over)))
        gateway = subprocess.Popen([sys.executable, "-m", "serving", "gateway"], env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=address, timeout=10) as client:
                _wait_healthy(client)
                client.post("/auth/register", json=LOGIN).raise_for_status()
                token = client.post("/auth/login", json=LOGIN).json()["access_token"]
            telling.start()
            command = [sys.executable, "-m", "benchmarks.sse", "--listen", address, token]
            command += [str(clients), str(seconds)]
            found = subprocess.run(command, capture_output=True, text=True, check=True)
            connected, answer = found.stdout.splitlines()
            return delivery_ms(json.loads(answer), home / "gateway" / "gateway.db", float(connected))
        finally:
            over.set()
            if telling.ident is not None:
                telling.join(30)
            gateway.terminate()
            gateway.wait(30)


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
