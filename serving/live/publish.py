"""Bringing readings to the live service as a site's programs do: the simulator and `forewarn stream replay` are publishers.

Belongs here: what every publisher is, and the document that they send. Doesn't belong here: how it travels
(`sources/push/publisher.py`, `sources/mqtt`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from serving.live.readings import RawReading

BROKEN_DOCUMENT = b'{"timestamp": "2025-03-03T06:00:00Z", "values": {'
"""What a publisher sends whose program died while it wrote."""


class PublishError(RuntimeError):
    """Readings that can't be published at all; one sentence that says why."""


@dataclass(slots=True)
class PublishTotals:
    """What was published, and what is known of its fate.

    Attributes:
        readings, messages: that were sent and acknowledged.
        answered: what the answers said, added up: stored, repeated, corrected, late, refused, unmapped; empty where a
            publisher gets no answers.
    """

    readings: int = 0
    messages: int = 0
    answered: dict[str, int] = field(default_factory=dict)

    def add(self, readings: int, **answered: int) -> None:
        """Count one message."""
        self.messages += 1
        self.readings += readings
        for name, count in answered.items():
            self.answered[name] = self.answered.get(name, 0) + count


class ReadingPublisher(Protocol):
    """Sends readings of plants; when a call returns, they were acknowledged."""

    totals: PublishTotals

    async def publish(self, plant: str, rows: Sequence[RawReading], *, reached_us: int | None = None) -> None:
        """Send readings in their order, again and again for a while where nobody takes them.

        Args:
            reached_us: the plant's clock has reached this time, whatever was read until then.

        Raises:
            PublishError: nobody does, or they will never be taken.
        """
        ...

    async def publish_broken(self, plant: str) -> None:
        """Send a message that nobody can read, as a fault of the site."""
        ...

    async def close(self) -> None: ...


def reading_rows(readings: Sequence[RawReading], reached_us: int | None = None) -> list[dict]:
    """Readings as the rows of `sources/json_rows.py`: those of one time that follow each other share a row.

    Args:
        reached_us: said by a last row without values, where given.
    """
    rows: list[dict] = []
    for reading in readings:
        time = _milliseconds(reading.time_us)
        if not rows or rows[-1]["timestamp"] != time or reading.name in rows[-1]["values"]:
            rows.append({"timestamp": time, "values": {}})
        row = rows[-1]
        row["values"][reading.name] = reading.value
        if reading.quality != "good":
            row.setdefault("quality", {})[reading.name] = reading.quality
        if reading.unit:
            row.setdefault("unit", {})[reading.name] = reading.unit
    if reached_us is not None:
        rows.append({"timestamp": _milliseconds(reached_us), "values": {}})
    return rows


def _milliseconds(time_us: int) -> int | float:
    return time_us // 1000 if time_us % 1000 == 0 else time_us / 1000
