"""The live service with trained models: what one process takes, how soon a score follows its readings, what many plants cost.

`python -m benchmarks.live [--seconds 10] [--plants 25,50,100,200] [--only rates,latency,push,plants]` prints Markdown tables. The service is a
process of its own beside a real Mosquitto; readings come from this process, over MQTT with QoS 1 or over HTTP, and scores are heard over MQTT. Each
plant has 20 tags, a row a minute of its readings' clock, a calibrated random forest and three forecasters. *Processor* is the service's own processor
time, which other work on the machine disturbs less: what it would take with a core for itself.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import psutil

from benchmarks.live_plants import TAGS
from benchmarks.live_site import (
    AUTOSAVED,
    BROKER,
    BrokerClient,
    LiveSite,
    PlantSignals,
    TrainedPlants,
    live_site,
    push_token,
    trained_plants,
)
from benchmarks.serving import line, print_heading
from plant_assets.features.arrays import Floats
from serving.broker.messages import OutgoingMessage

PARTS = 60
"""Readings of a tag and row where tags are read each second."""
BATCH_LINES = 5000
WARM_S, IDLE_S = 2, 5
PLANT_FACTOR = 20
"""So many times faster than the wall runs the clock of many plants."""


@dataclass(frozen=True)
class TakenReadings:
    """What a run took, of the wall's clock and of the service's processor time."""

    messages: int
    readings: int
    rows: int
    wall_s: float
    processor_s: float


async def take(
    site: LiveSite, messages: Sequence[OutgoingMessage], readings: int, rows: int
) -> TakenReadings:
    """Have messages wait at the broker, then let the service take them all; the end is the last row's score."""
    async with BrokerClient(site.broker.port) as client:
        with site.paused():
            await client.publish(messages)
            wall, processor = time.perf_counter(), site.processor_s
        await client.wait_rows(rows)
        return TakenReadings(
            len(messages), readings, rows, time.perf_counter() - wall, site.processor_s - processor
        )


def print_rates(plants: TrainedPlants, seconds: float) -> None:
    print_heading(
        "MQTT, each reading stored, each row scored and its scores published", "broker", "readings a message", "a tag and row",
        "messages/s", "readings/s", "rows/s", "processor: messages/s", "readings/s", "rows/s",
    )  # fmt: skip
    cases = [
        ("", 1, PARTS, int(seconds * 8000)),
        (AUTOSAVED, 1, PARTS, int(seconds * 8000)),
        ("", 1, 1, int(seconds * 4000)),
        ("", 100, PARTS, int(seconds * 60_000)),
        (AUTOSAVED, 100, PARTS, int(seconds * 60_000)),
        ("", 100, 1, int(seconds * 4000)),
    ]
    for saved, each, parts, readings in cases:
        rows = max(1, readings // (len(TAGS) * parts))
        signals = PlantSignals(plants.profiles[0].name, plants.values, parts)
        messages = signals.singles(rows) if each == 1 else signals.batches(rows, each)
        with live_site(plants, broker_lines=BROKER + saved) as site:
            taken = asyncio.run(take(site, messages, rows * parts * len(TAGS), rows))
        rates = [
            f"{count / s:,.0f}"
            for s in (taken.wall_s, taken.processor_s)
            for count in (taken.messages, taken.readings, taken.rows)
        ]
        line("saves each second" if saved else "default", each, parts, *rates)


async def latencies_of(
    site: LiveSite, signals: PlantSignals, rate: float, seconds: float
) -> tuple[list[float], float]:
    """Milliseconds from the publishing of the reading that completes a row to its score; the service's share of a core.

    The first two seconds, in which models are loaded, don't count.
    """
    sent_s: dict[int, float] = {}
    warm = round(rate * WARM_S)
    async with BrokerClient(site.broker.port) as client:
        begun, processor = time.perf_counter(), site.processor_s
        for number, (row_ms, message) in enumerate(signals.paced(warm + round(rate * seconds))):
            if number == warm:
                processor = site.processor_s
            if (ahead_s := begun + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(ahead_s)
            if row_ms is not None and number >= warm:
                sent_s[row_ms] = time.perf_counter()
            client.send(message)
        share = (site.processor_s - processor) / (time.perf_counter() - begun - WARM_S)
        await client.wait_for(lambda: all((signals.plant, row) in client.heard.arrived_s for row in sent_s))
        heard = client.heard.arrived_s
        return [(heard[signals.plant, row] - at) * 1e3 for row, at in sent_s.items()], share


def print_latency(plants: TrainedPlants, seconds: float, rate: float) -> None:
    print_heading(
        f"Reading published to score published, {rate:,.0f} readings/s", "readings a tag and row", "rows/s",
        "p50 ms", "p99 ms", "longest ms", "of a core",
    )  # fmt: skip
    for parts in (1, 10):
        signals = PlantSignals(plants.profiles[0].name, plants.values, parts)
        with live_site(plants) as site:
            found, share = asyncio.run(latencies_of(site, signals, rate, seconds))
        found.sort()
        p99 = found[int(len(found) * 0.99)]
        line(
            parts,
            f"{rate / len(TAGS) / parts:g}",
            f"{statistics.median(found):.1f}",
            f"{p99:.1f}",
            f"{found[-1]:.1f}",
            f"{share:.0%}",
        )


async def push(site: LiveSite, bodies: Sequence[bytes], rows: int) -> tuple[float, float, float]:
    """Seconds until all is stored, until all is scored, and of the service's processor time."""
    plant = site.profiles[0].name
    headers = {"Authorization": f"Bearer {await push_token(site)}", "Content-Type": "text/plain"}
    async with (
        BrokerClient(site.broker.port) as client,
        httpx.AsyncClient(base_url=site.address, headers=headers, trust_env=False, timeout=60) as http,
    ):
        wall, processor = time.perf_counter(), site.processor_s
        for body in bodies:
            receipt = (await http.post(f"/plants/{plant}/readings", content=body)).raise_for_status().json()
            if receipt["stored"] != body.count(b"\n") + 1:
                raise RuntimeError(f"expected all readings stored, got {receipt}")
        stored = time.perf_counter() - wall
        await client.wait_rows(rows)
        return stored, time.perf_counter() - wall, site.processor_s - processor


def print_push(plants: TrainedPlants, seconds: float) -> None:
    print_heading(
        f"HTTP push, line protocol, {BATCH_LINES:,} readings a request, with scoring", "readings a tag and row",
        "stored, readings/s", "stored and scored, readings/s", "rows/s", "processor: readings/s",
    )  # fmt: skip
    for parts, readings in ((PARTS, int(seconds * 100_000)), (1, int(seconds * 2000))):
        rows = max(1, readings // (len(TAGS) * parts))
        signals = PlantSignals(plants.profiles[0].name, plants.values, parts)
        count, bodies = rows * parts * len(TAGS), signals.bodies(rows, BATCH_LINES)
        with live_site(plants) as site:
            stored, scored, processor = asyncio.run(push(site, bodies, rows))
        line(
            parts, *(f"{n:,.0f}" for n in (count / stored, count / scored, rows / scored, count / processor))
        )


async def watch_many(site: LiveSite, values: Floats, minutes: int) -> tuple[float, float]:
    """The service's share of a core at one row a minute, and its memory after so many.

    What it takes while nothing comes, as for looking at MLflow, is measured apart, as it doesn't run faster with the plants.
    """
    plants = [PlantSignals(profile.name, values) for profile in site.profiles]
    each_s = 60 / PLANT_FACTOR / len(plants)
    async with BrokerClient(site.broker.port) as client:
        processor = begun = number = 0.0
        for row in range(minutes + 2):
            if row == 2:
                await client.wait_rows(len(plants))
                processor, begun, number = site.processor_s, time.perf_counter(), 0.0
            for plant in plants:
                client.send(plant.message(plant.document(row)))
                number += 1
                if (ahead_s := begun + number * each_s - time.perf_counter()) > 0:
                    await asyncio.sleep(ahead_s)
        await client.wait_rows(len(plants) * (minutes + 1))
        busy_s, wall_s, idle = site.processor_s - processor, time.perf_counter() - begun, site.processor_s
        await asyncio.sleep(IDLE_S)
        idle = (site.processor_s - idle) / IDLE_S
        return max(0.0, busy_s - idle * wall_s) / (minutes * 60) + idle, site.resident_mib


def print_plants(counts: Sequence[int], minutes: int, looks_ahead: bool) -> None:
    models = "a champion and three forecasters" if looks_ahead else "a champion"
    print_heading(
        f"Plants of 20 tags and {models} each, one row a minute, measured at {PLANT_FACTOR} times the speed", "plants",
        "of a core", "a plant, ms of processor time a row", "resident MiB", "a plant more, MiB",
    )  # fmt: skip
    before: tuple[int, float] | None = None
    for count in counts:
        with trained_plants(count, looks_ahead=looks_ahead) as plants, live_site(plants) as site:
            share, resident = asyncio.run(watch_many(site, plants.values, minutes))
        more = f"{(resident - before[1]) / (count - before[0]):.2f}" if before else ""
        line(count, f"{share:.1%}", f"{share * 60e3 / count:.1f}", f"{resident:,.0f}", more)
        before = count, resident


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--plants", default="25,50,100,200")
    parser.add_argument("--only", default="rates,latency,push,plants,champions")
    given = parser.parse_args()
    only, counts = given.only.split(","), [int(count) for count in given.plants.split(",")]
    print(f"Load average at the start {psutil.getloadavg()[0]:.1f}.", flush=True)
    with trained_plants(1) as plants:
        if "rates" in only:
            print_rates(plants, given.seconds)
        if "latency" in only:
            print_latency(plants, given.seconds, given.rate)
        if "push" in only:
            print_push(plants, given.seconds)
    if "plants" in only:
        print_plants(counts, given.minutes, looks_ahead=True)
    if "champions" in only:
        print_plants(counts, given.minutes, looks_ahead=False)
    print(f"\nLoad average at the end {psutil.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
