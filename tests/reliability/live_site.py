"""A live service among real servers, each of which can be killed: readings by MQTT, a database, a time-series store.

Belongs here: starting, publishing, killing, and counting what is where. Doesn't belong here: how the service's process is
started (the test forks it, the benchmark runs the command), what follows from the counts.
"""

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import httpx
import orjson
import polars as pl
import psycopg

from serving.broker.address import BrokerAddress
from serving.broker.connection import BrokerConnection, BrokerFault
from serving.live.readings import RawReading
from serving.live.sources.mqtt.publisher import MqttPublisher
from tests.servers import MosquittoServer, PostgresServer
from tests.stores import StoreServer

PLANT = "gas_treatment"
STALLED_S = 150.0
"""A site at which nothing changes for so long will not go on."""
LOOK_EVERY_S = 0.3
PROGRESS_EVERY_S = 10.0
READINGS_A_MESSAGE = 20
SESSION_S = 3600
_AWAY = (psycopg.Error, sqlite3.Error, httpx.HTTPError)


class KillablePart(Protocol):
    """A process of the site."""

    def start(self) -> None: ...

    def kill(self) -> None: ...


@dataclass(frozen=True)
class SiteOutcome:
    """What is where at the end.

    Attributes:
        inbox: unique keys of the readings in the inbox and in its drops.
        twice: records that lie in the inbox more than once, or in more than one drop.
        corrections: that nobody sent.
        stored: unique keys in the time-series store.
        scores: rows in their order: time, risk, alarm, rules.
        warnings: in their order, without what differs from run to run.
        store_rows: rows in the time-series store.
        published: rows whose scores came by MQTT.
        messages: that came with scores, repeated ones too.
    """

    inbox: int
    twice: int
    corrections: int
    stored: int
    scores: list[tuple]
    warnings: list[tuple]
    store_rows: int
    published: int
    messages: int


@dataclass
class LiveSite:
    """The site.

    Args:
        home: `FOREWARN_HOME` of the service.
        drop: its drop folder.
        broker, store: servers.
        live: the service.
        database: of the service; None: SQLite below home.
    """

    home: Path
    drop: Path
    broker: MosquittoServer
    store: StoreServer
    live: KillablePart
    database: PostgresServer | None = None
    kills: dict[str, int] = field(default_factory=dict)
    _scored: set[str] = field(default_factory=set)
    _messages: int = 0

    @property
    def parts(self) -> dict[str, KillablePart]:
        found: dict[str, KillablePart] = {"live": self.live, "broker": self.broker, "store": self.store}
        return found | ({"database": self.database} if self.database else {})

    async def run(
        self,
        readings: Sequence[RawReading],
        rows: int,
        kills: int,
        chance: random.Random,
        longest_pause_s: float,
    ) -> SiteOutcome:
        """Publish all readings and kill parts meanwhile; what is there once everything has arrived.

        Args:
            readings: by time.
            rows: that are complete at the end.
            kills: how many.
            chance: draws which part, when, and how long it is away.
            longest_pause_s: before a killed part is started again.
        """
        publisher = MqttPublisher(self.address, give_up_after_s=STALLED_S)
        reader = asyncio.create_task(self._read_scores())
        try:
            await self.until(self._is_watching)
            each = -(-len(readings) // (kills + 1))
            order = draw_parts(list(self.parts), kills, chance)
            for number, start in enumerate(range(0, len(readings), each)):
                sending = asyncio.create_task(_publish(publisher, readings[start : start + each]))
                if number < len(order):
                    await self.kill(order[number], chance, longest_pause_s)
                await sending
                wanted = int(rows * 0.9 * start / len(readings))
                await self.until(partial(self._has_rows, wanted), publisher)
            await self.until(partial(self._has_rows, rows), publisher)
            await self.until(lambda: self.stored_keys()[1] >= len(readings), publisher)
            await self.until(lambda: self.stored_rows() >= rows and len(self._scored) >= rows, publisher)
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            await publisher.close()
        return self.outcome()

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self.broker.port)

    async def kill(self, name: str, chance: random.Random, longest_pause_s: float) -> None:
        """Kill a part in a moment, and start it again."""
        part = self.parts[name]
        await asyncio.sleep(chance.uniform(0, 1))
        await asyncio.to_thread(part.kill)
        self.kills[name] = self.kills.get(name, 0) + 1
        await asyncio.sleep(chance.choice([0.0, chance.uniform(0, longest_pause_s)]))
        await asyncio.to_thread(part.start)

    def _has_rows(self, count: int) -> bool:
        return self.row_count() >= count

    async def until(self, is_so: Callable[[], bool], publisher: MqttPublisher | None = None) -> None:
        """Wait until something is so; servers may be away meanwhile.

        Raises:
            RuntimeError: nothing has changed for long.
        """
        loop = asyncio.get_running_loop()
        seen, since, look_at = None, loop.time(), loop.time()
        while True:
            if publisher is not None:
                await publisher.ensure_published()
            with suppress(*_AWAY):
                if await asyncio.to_thread(is_so):
                    return
                if loop.time() >= look_at:
                    look_at = loop.time() + PROGRESS_EVERY_S
                    if (now := await asyncio.to_thread(self.progress)) != seen:
                        seen, since = now, loop.time()
            if loop.time() - since > STALLED_S:
                raise RuntimeError(f"the site has stopped: {seen}")
            await asyncio.sleep(LOOK_EVERY_S)

    def progress(self) -> dict[str, int]:
        """How far everything is."""
        return {
            "inbox": self._inbox_rows("SELECT count(*) FROM live_readings")[0][0],
            "rows": self.row_count(),
            "stored readings": self.stored_keys()[1],
            "stored rows": self.stored_rows(),
            "scores by MQTT": len(self._scored),
        }

    def outcome(self) -> SiteOutcome:
        rows = self._rows(
            "SELECT plant_time, round(CAST(risk AS numeric), 9), alarm, rules FROM live_scores ORDER BY id"
        )
        warnings = self._rows(
            "SELECT kind, rule, since, cleared_time, came_time, round(CAST(peak AS numeric), 9) FROM warnings ORDER BY id"
        )
        unique, twice = self.inbox_keys()
        return SiteOutcome(
            inbox=unique,
            twice=twice,
            corrections=self._inbox_rows("SELECT count(*) FROM live_corrections")[0][0],
            stored=self.stored_keys()[0],
            scores=[_plain(row) for row in rows],
            warnings=[_plain(row) for row in warnings],
            store_rows=self.stored_rows(),
            published=len(self._scored),
            messages=self._messages,
        )

    def row_count(self) -> int:
        return self._rows("SELECT count(*) FROM live_scores")[0][0]

    def inbox_keys(self) -> tuple[int, int]:
        """Unique keys in the inbox and its drops, and how many lie there more than once."""
        query = "SELECT name, time_us FROM live_readings JOIN live_series ON live_series.id = series"
        kept = self._inbox_rows(query)
        dropped: list[tuple] = []
        for path in sorted((self.drop / PLANT).glob("*.parquet")):
            table = pl.read_parquet(path)
            dropped += zip(table["tag"].to_list(), table["timestamp"].dt.epoch("us").to_list(), strict=True)
        twice = len(kept) - len(set(kept)) + len(dropped) - len(set(dropped))
        return len({*kept, *dropped}), twice

    def stored_keys(self) -> tuple[int, int]:
        """Unique keys of readings in the time-series store, those with a correction too; and without them."""
        keys = self._series("forewarn_readings_quality")
        return len(keys), len({key[:2] for key in keys})

    def stored_rows(self) -> int:
        return len({time_ms for _, time_ms, _ in self._series("forewarn_rows_risk")})

    def _series(self, name: str) -> set[tuple[str, int, str]]:
        httpx.get(
            f"{self.store.address}/internal/force_flush", trust_env=False, timeout=30
        ).raise_for_status()
        params = {"match[]": f'{name}{{plant="{PLANT}"}}', "start": "0"}
        answer = httpx.get(
            f"{self.store.address}/api/v1/export", params=params, trust_env=False, timeout=60
        ).raise_for_status()
        found: set[tuple[str, int, str]] = set()
        for line in answer.text.splitlines():
            series = orjson.loads(line)
            tag, correction = series["metric"].get("tag", ""), series["metric"].get("correction", "")
            found |= {(tag, time_ms, correction) for time_ms in series["timestamps"]}
        return found

    def _rows(self, query: str) -> list[tuple]:
        return self._ask(query, self.home / "gateway" / "gateway.db")

    def _inbox_rows(self, query: str) -> list[tuple]:
        return self._ask(query, self.home / "live" / "inbox.db")

    def _ask(self, query: str, file: Path) -> list[tuple]:
        if self.database is None:
            with closing(sqlite3.connect(file, timeout=20)) as connection:
                return connection.execute(query.replace("AS numeric", "AS real")).fetchall()
        with psycopg.connect(self.database.url, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()

    def _is_watching(self) -> bool:
        """Whether the service listens: what is published before has no session to wait in."""
        return any((self.home / "live" / "mqtt").glob("session-*.json")) and self._listens()

    def _listens(self) -> bool:
        kept = [json.loads(p.read_text()) for p in (self.home / "live" / "mqtt").glob("session-*.json")]
        return any(session["filters"] for session in kept)

    async def _read_scores(self) -> None:
        """Count what comes by MQTT; the broker keeps it while it can't be read."""
        while True:
            connection = BrokerConnection(self.address, "reader", session_s=SESSION_S)
            try:
                await connection.open()
                await connection.subscribe([f"forewarn/{PLANT}/scores"])
                while True:
                    arrived = await connection.fetch(5)
                    for message in arrived:
                        self._scored.add(json.loads(message.payload)["timestamp"])
                    self._messages += len(arrived)
                    connection.acknowledge(arrived)
            except BrokerFault:
                await asyncio.sleep(0.2)
            finally:
                await connection.close()


async def _publish(publisher: MqttPublisher, readings: Sequence[RawReading]) -> None:
    for start in range(0, len(readings), READINGS_A_MESSAGE):
        await publisher.publish(PLANT, readings[start : start + READINGS_A_MESSAGE])


def draw_parts(names: Sequence[str], kills: int, chance: random.Random) -> list[str]:
    """Which part is killed each time: all of them equally often, in an order of chance."""
    order = [names[number % len(names)] for number in range(kills)]
    chance.shuffle(order)
    return order


def _plain(row: tuple) -> tuple:
    """A row as either database has it."""
    return tuple(
        json.dumps(value)
        if isinstance(value, list)
        else float(value)
        if hasattr(value, "as_tuple")
        else value
        for value in row
    )
