"""Readings by HTTP push into the inbox: what one process takes over loopback, stored before it is answered.

`python -m benchmarks.push [--readings 200000] [--runs 3]` prints a Markdown table of readings a second, best of the runs by the wall clock, and by
processor time, which other work on the machine disturbs less; the client is in the same process and among both. One client sends batches of 5,000
readings one after another to uvicorn, which stores them in SQLite. *parsed* is the parser alone. The plant's task isn't among it.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import polars as pl

from plant_assets.profile.load import load_profile
from serving.live.publish import reading_rows
from serving.live.readings import RawReading
from serving.live.sources.push.formats import parser_of
from serving.live.sources.push.tokens import ensure_local_token
from serving.settings import ServingSettings
from tests.servers import running_app
from tests.serving.live.sources.push.push_site import PLANT, push_app

BATCH = 5000
START_US = 1_740_981_600_000_000
ARROW, LINES = "application/vnd.apache.arrow.stream", "text/plain"


@dataclass(frozen=True)
class PushedBatches:
    """What a run took, in seconds."""

    wall_s: float
    processor_s: float


def batches(count: int) -> list[list[RawReading]]:
    """Readings of all tags in turn, a second a round."""
    tags = load_profile(PLANT).tag_names
    readings = [
        RawReading(tags[n % len(tags)], START_US + n // len(tags) * 1_000_000, n % 997 / 7)
        for n in range(count)
    ]
    return [readings[start : start + BATCH] for start in range(0, count, BATCH)]


def as_lines(readings: Sequence[RawReading]) -> bytes:
    return "\n".join(f"plant,tag={r.name} value={r.value:.6f} {r.time_us}000" for r in readings).encode()


def as_fields(readings: Sequence[RawReading]) -> bytes:
    """A line a time, as Telegraf writes."""
    rows = reading_rows(readings)
    return "\n".join(
        f"modbus,host=edge {','.join(f'{name}={value:.6f}' for name, value in row['values'].items())} "
        f"{row['timestamp']}000000"
        for row in rows
    ).encode()


def as_json(readings: Sequence[RawReading]) -> bytes:
    return orjson.dumps(reading_rows(readings))


def as_arrow(readings: Sequence[RawReading]) -> bytes:
    columns = {"timestamp": [r.time_us for r in readings], "tag": [r.name for r in readings]}
    table = pl.DataFrame(columns | {"value": [r.value for r in readings]})
    timed = table.with_columns(pl.col("timestamp").cast(pl.Datetime("us", "UTC")))
    return timed.write_ipc_stream(None).getvalue()


FORMATS: dict[str, tuple[str, Callable[[Sequence[RawReading]], bytes]]] = {
    "line protocol, a tag a line": (LINES, as_lines),
    "line protocol, a field a tag": (LINES, as_fields),
    "JSON rows": ("application/json", as_json),
    "Arrow, a row a reading": (ARROW, as_arrow),
}


def push(bodies: list[bytes], kind: str) -> PushedBatches:
    """Send the bodies to a service of its own."""
    with tempfile.TemporaryDirectory() as home:
        settings = ServingSettings(home=Path(home))
        token = asyncio.run(ensure_local_token(settings, PLANT))
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        with (
            running_app(push_app(settings)) as place,
            httpx.Client(base_url=f"http://{place}", headers=headers, trust_env=False) as client,
        ):
            client.get("/ping").raise_for_status()
            wall, processor = time.perf_counter(), time.process_time()
            for body in bodies:
                receipt = client.post(f"/plants/{PLANT}/readings", content=body).raise_for_status().json()
                if receipt["stored"] != BATCH:
                    raise RuntimeError(f"expected {BATCH} stored readings, got {receipt}")
            return PushedBatches(time.perf_counter() - wall, time.process_time() - processor)


def parse(bodies: list[bytes], kind: str) -> float:
    """Seconds of processor time that the parser takes alone."""
    begun = time.process_time()
    for body in bodies:
        parser_of(kind, "ns")(body)
    return time.process_time() - begun


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--readings", type=int, default=200_000)
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    count = max(1, given.readings // BATCH) * BATCH
    made = batches(count)
    print("| format | bytes a reading | parsed | stored, wall clock | stored, processor time |")
    print("|---|---|---|---|---|")
    for title, (kind, write) in FORMATS.items():
        bodies = [write(batch) for batch in made]
        parsed = min(parse(bodies, kind) for _ in range(given.runs))
        runs = [push(bodies, kind) for _ in range(given.runs)]
        seconds = parsed, min(r.wall_s for r in runs), min(r.processor_s for r in runs)
        rates = " | ".join(f"{count / s:,.0f}" for s in seconds)
        print(f"| {title} | {sum(map(len, bodies)) / count:.0f} | {rates} |")


if __name__ == "__main__":
    main()
