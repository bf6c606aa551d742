"""A hostile publisher against a real Mosquitto: what it costs the service in memory, and whether good readings still come.

`python -m benchmarks.hostile [--names 1000000] [--topics 1000000] [--large 20]` prints a Markdown table: each wrong payload of the tests, so many names
and topics that no plant has, payloads of 10 MB, and a good reading after each kind. Source, intake and inbox are in this process, and so is the publisher.
"""

import argparse
import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection
from serving.broker.messages import OutgoingMessage
from serving.live.sources.mqtt.source import MqttSource
from serving.settings import ServingSettings
from tests.servers import running_mosquitto
from tests.serving.live.foreign.hostile import LARGE, odd_names, odd_payloads, unknown_names
from tests.serving.live.foreign.test_hostile import memory_mb
from tests.serving.live.sites import PLANT, background_task, field_site, small_profile, until

READINGS = f"forewarn/{PLANT}/readings"
TOPICS = {"mqtt": {"topics": [{"topic": "site/{tag}/pv"}]}}
AT_ONCE = 500
WITHIN_S = 600


def large(count: int) -> Iterator[OutgoingMessage]:
    return (OutgoingMessage(READINGS, b"%d" % number + b"x" * LARGE) for number in range(count))


async def publish(connection: BrokerConnection, messages: Iterable[OutgoingMessage]) -> int:
    count = 0
    left = iter(messages)
    while some := list(itertools.islice(left, AT_ONCE)):
        for message in some if len(some[0].payload) > 100_000 else ():
            await connection.publish([message])
        if len(some[0].payload) <= 100_000:
            await connection.publish(some)
        count += len(some)
    return count


async def attack(given: argparse.Namespace) -> None:
    kinds: dict[str, Iterable[OutgoingMessage]] = {
        "wrong payloads": [
            OutgoingMessage(READINGS, one.replace(b"PDT31008", b"FLOW"))
            for one in (*odd_payloads().values(), odd_names())
        ],
        "unknown names": (OutgoingMessage(READINGS, one) for one in unknown_names(given.names)),
        "unknown topics": (OutgoingMessage(f"site/n{n}/pv", b"1") for n in range(given.topics)),
        "10 MB payloads": large(given.large),
    }
    with running_mosquitto() as server, tempfile.TemporaryDirectory() as folder:
        home, address = Path(folder), BrokerAddress("127.0.0.1", server.port)
        settings = ServingSettings(home=home)
        async with field_site(home, small_profile(dict(TOPICS))) as site:
            source = MqttSource(address, site.intake, site.board, settings)
            async with background_task(source.run):
                await until(lambda: site.board.sources["mqtt"].state == "connected", WITHIN_S)
                connection = BrokerConnection(address)
                await connection.open()
                before = memory_mb()
                for good, (kind, messages) in enumerate(kinds.items(), 1):
                    begun = time.perf_counter()
                    count = await publish(connection, messages)
                    await connection.publish([OutgoingMessage("site/FLOW/pv", b"%d" % good)])
                    await until(lambda good=good: float(good) in site.noted.values("FLOW"), WITHIN_S)
                    refused, names = site.status("mqtt").refused, site.board.unmapped.get(PLANT, {})
                    print(
                        f"| {kind} | {count:,} | {refused:,} | {len(names):,} of {sum(names.values()):,} "
                        f"| {memory_mb() - before:+.0f} MB | {time.perf_counter() - begun:.0f} s |",
                        flush=True,
                    )
                await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--topics", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=20)
    given = parser.parse_args()
    print(
        f"Load {os.getloadavg()[0]:.0f}\n\n| kind | messages | refused so far | unknown names told of counted | memory | until the good reading |"
    )
    print("|---|---|---|---|---|---|")
    asyncio.run(attack(given))


if __name__ == "__main__":
    main()
