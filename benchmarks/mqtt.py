"""Readings by MQTT into the inbox: what one process takes from a real Mosquitto, stored before it is acknowledged.

`python -m benchmarks.mqtt [--messages 50000] [--runs 3]` prints a Markdown table, best of the runs by the wall clock, and by the processor time of
the taking process, which other work on the machine disturbs less. Messages of QoS 1 wait at the broker for a persistent session;
the clock runs from the connection to the last acknowledged one. *plain* is a message a reading on a mapped topic whose payload is a number;
*row* is the default topic's JSON with as many readings.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from plant_assets.profile.model import PlantProfile
from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.inbox.inbox import ReadingInbox
from serving.live.intake import LiveIntake
from serving.live.readings import AdmittedReading
from serving.live.role import LiveRole
from serving.live.sources.board import SourceBoard
from serving.live.sources.mqtt.source import MqttSource
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings
from tests.servers import running_mosquitto

PLANT = "bench"
TAGS = [f"TAG{number}" for number in range(100)]
START_MS = 1_740_981_600_000
EACH = (1, 10, 100)
"""Readings of a row."""
BROKER = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 2000"


class UntoldPlants:
    """The plants' tasks, which do nothing here."""

    def take(self, plant: str, source: str, readings: Sequence[AdmittedReading]) -> int:  # noqa: ARG002
        return 0

    def note_time(self, plant: str, source: str, time_us: int) -> None: ...

    def mark_stale(self, plant: str, columns: Collection[str], time_us: int) -> None: ...


@dataclass(frozen=True)
class TakenMessages:
    """What one run took."""

    messages: int
    readings: int
    wall_s: float
    processor_s: float


def bench_plant() -> PlantProfile:
    """A plant of a hundred tags, which also listens to a topic a tag."""
    tags = [
        {"name": name, "description": "", "unit": "bar", "range": [-1e6, 1e6], "process_unit": "A"}
        for name in TAGS
    ]
    sampling = {"interval": "1m", "hold_limit": "1h", "stale_after": "1h", "frozen_after": "1d"}
    return PlantProfile.model_validate(
        {
            "name": PLANT, "title": "Benchmark", "registry_prefix": "bench_", "tags": tags, "sampling": sampling,
            "features": {}, "models": ["isolation_forest"],
            "budget": {"false_alarm_hours_per_day": 4, "false_episodes_per_day": 0.5},
            "live": {"mqtt": {"topics": [{"topic": "bench/{tag}/pv"}]}},
        }
    )  # fmt: skip


def plain_messages(count: int) -> list[OutgoingMessage]:
    return [OutgoingMessage(f"bench/{TAGS[n % 100]}/pv", f"{n / 7:.4f}".encode()) for n in range(count)]


def row_messages(count: int, readings: int) -> list[OutgoingMessage]:
    """Rows of so many readings, each at a time of its own."""
    return [
        OutgoingMessage(
            f"forewarn/{PLANT}/readings",
            orjson.dumps(
                {"timestamp": START_MS + number, "values": dict.fromkeys(TAGS[:readings], number / 7)}
            ),
        )
        for number in range(count)
    ]


async def measure(port: int, home: Path, messages: list[OutgoingMessage], readings: int) -> TakenMessages:
    """Have a session's messages wait at the broker, then take them all."""
    settings, board, address = (
        ServingSettings(home=home),
        SourceBoard(),
        BrokerAddress("127.0.0.1", port),
    )
    inbox, folder = ReadingInbox(settings), PlantFolder(home)
    folder.profiles = {PLANT: bench_plant()}
    await inbox.open()
    source = MqttSource(
        address, LiveIntake(folder, inbox, UntoldPlants(), board, LiveRole("")), board, settings
    )
    try:
        await run_until(source, lambda: board.sources["mqtt"].state == "connected")
        publisher = BrokerConnection(address)
        await publisher.open()
        for start in range(0, len(messages), 1000):
            await publisher.publish(messages[start : start + 1000])
        await publisher.close()
        wall, processor = time.perf_counter(), time.process_time()
        await run_until(source, lambda: board.sources["mqtt"].received >= readings)
        return TakenMessages(
            len(messages), readings, time.perf_counter() - wall, time.process_time() - processor
        )
    finally:
        await inbox.close()


async def run_until(source: MqttSource, is_so: Callable[[], bool]) -> None:
    task = asyncio.create_task(source.run())
    while not is_so():
        await asyncio.sleep(0.002)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def best_of(runs: int, messages: list[OutgoingMessage], readings: int) -> TakenMessages:
    found = []
    for _ in range(runs):
        with running_mosquitto(BROKER) as server, tempfile.TemporaryDirectory() as home:
            found.append(asyncio.run(measure(server.port, Path(home), messages, readings)))
    return min(found, key=lambda run: run.wall_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    cases = [("plain", 1, plain_messages(given.messages))]
    for each in EACH:
        count = given.messages // (1 if each == 1 else each // 5)
        cases.append(("row", each, row_messages(count, each)))
    print("| payload | readings a message | messages/s | readings/s | processor: messages/s | readings/s |")
    print("|---|---|---|---|---|---|")
    for kind, each, messages in cases:
        best = best_of(given.runs, messages, len(messages) * each)
        rates = [
            f"{count / seconds:,.0f}"
            for seconds in (best.wall_s, best.processor_s)
            for count in (best.messages, best.readings)
        ]
        print(f"| {kind} | {each} | {' | '.join(rates)} |")


if __name__ == "__main__":
    main()
