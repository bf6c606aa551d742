"""When a replay sends: N times as fast as the plant, or as fast as records are taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from serving.live.publish import PublishTotals
from serving.live.readings import RawReading
from serving.live.replay.faults import SiteFaults
from serving.live.replay.pace import MOST_AT_ONCE, TICK_S, ReplayPace, replay_readings

MINUTE_US = 60_000_000
pytestmark = pytest.mark.anyio


@dataclass
class NotingPublisher:
    """Remembers what it is given, and when."""

    clock: "SteppedClock"
    totals: PublishTotals = field(default_factory=PublishTotals)
    sent: list[tuple[float, list[RawReading]]] = field(default_factory=list)
    broken: int = 0

    async def publish(self, plant: str, rows: Sequence[RawReading]) -> None:
        self.sent.append((self.clock.now, list(rows)))

    async def publish_broken(self, plant: str) -> None:
        self.broken += 1

    async def close(self) -> None: ...


@dataclass
class SteppedClock:
    """A clock that only sleeping moves."""

    now: float = 100.0

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def replayed(readings: list[RawReading], speed: float, *faults: str) -> NotingPublisher:
    clock = SteppedClock()
    publisher = NotingPublisher(clock)
    pace = ReplayPace(speed, clock.read, clock.sleep)
    await replay_readings(readings, publisher, "plant", faults=SiteFaults(faults, 1, MINUTE_US), pace=pace)
    return publisher


def rows(count: int) -> list[RawReading]:
    return [RawReading(name, i * MINUTE_US, float(i)) for i in range(count) for name in ("A", "B")]


async def test_records_of_a_time_travel_together_when_it_has_come() -> None:
    publisher = await replayed(rows(5), speed=60.0)
    assert [round(now - 100, 6) for now, _ in publisher.sent] == [0, 1, 2, 3, 4]
    assert [len(batch) for _, batch in publisher.sent] == [2] * 5


async def test_at_high_speed_what_is_due_within_a_tick_travels_together() -> None:
    publisher = await replayed(rows(100), speed=60.0 * 100)
    sizes = [len(batch) for _, batch in publisher.sent]
    assert sum(sizes) == 200
    assert max(sizes) <= (TICK_S * 100 + 1) * 2
    assert len(sizes) <= 100 / (TICK_S * 100) + 1
    assert all(batch[0].time_us / MINUTE_US / 100 <= now - 100 + TICK_S for now, batch in publisher.sent)


async def test_without_a_speed_messages_are_full() -> None:
    publisher = await replayed(rows(MOST_AT_ONCE), speed=0)
    assert [len(batch) for _, batch in publisher.sent] == [MOST_AT_ONCE, MOST_AT_ONCE]
    assert [reading for _, batch in publisher.sent for reading in batch] == rows(MOST_AT_ONCE)
    assert publisher.sent[-1][0] == 100


async def test_a_broken_message_goes_out_beside_the_others() -> None:
    publisher = await replayed(rows(500), 60.0, "bad_json")
    assert publisher.broken > 0
    assert sum(len(batch) for _, batch in publisher.sent) == 1000


async def test_nothing_is_sent_of_nothing() -> None:
    assert (await replayed([], 0)).sent == []
