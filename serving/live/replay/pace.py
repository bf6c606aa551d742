"""Sends records when the plant's time says, faster than the wall clock or as fast as they are taken.

Belongs here: gathering records into messages, and waiting. Doesn't belong here: where records come from, how they travel.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator

from serving.live.publish import ReadingPublisher
from serving.live.readings import RawReading
from serving.live.replay.faults import SiteFaults, TimedReading

MOST_AT_ONCE = 5000
TICK_S = 0.1
"""Records that are due within it travel together."""

Sleep = Callable[[float], Awaitable[None]]


class ReplayPace:
    """When a replay sends.

    Args:
        speed: plant seconds a second; 0: as fast as records are taken.
        clock, sleep: of the wall.
    """

    def __init__(
        self, speed: float, clock: Callable[[], float] | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._speed = speed
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._begin: tuple[float, int] | None = None

    async def wait_until(self, at_us: int) -> float:
        """Wait until the plant's time is reached; the time up to which records may travel with it."""
        if self._begin is None:
            self._begin = self._clock(), at_us
        if self._speed == 0:
            return math.inf
        begun, first_us = self._begin
        wait_s = (at_us - first_us) / 1e6 / self._speed - (self._clock() - begun)
        if wait_s > 0:
            await self._sleep(wait_s)
        return first_us + (self._clock() - begun + TICK_S) * self._speed * 1e6


async def replay_readings(
    readings: Iterable[RawReading],
    publisher: ReadingPublisher,
    plant: str,
    *,
    faults: SiteFaults,
    pace: ReplayPace,
    note: Callable[[int], None] = lambda _: None,
) -> None:
    """Send records in the order of their times, but for what the faults do.

    Args:
        readings: by time.
        note: told of each message's last time.

    Raises:
        PublishError: nobody takes them.
    """
    timed = iter(faults.apply(readings))
    first = next(timed, None)
    while first is not None:
        until_us = await pace.wait_until(first.at_us)
        batch, first = _gather(first, timed, until_us)
        await publisher.publish(plant, [one.reading for one in batch])
        note(batch[-1].at_us)
        if faults.breaks_message():
            await publisher.publish_broken(plant)


def _gather(
    first: TimedReading, timed: Iterator[TimedReading], until_us: float
) -> tuple[list[TimedReading], TimedReading | None]:
    """What travels with a record, up to a time, and the first record that doesn't."""
    batch = [first]
    for one in timed:
        if one.at_us > until_us or len(batch) == MOST_AT_ONCE:
            return batch, one
        batch.append(one)
    return batch, None
