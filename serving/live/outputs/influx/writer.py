"""Delivers points to a time-series store: none is lost, a repeat changes nothing, and after a fault that is proven.

Belongs here: what follows from an answer. Doesn't belong here: requests (`client.py`), when to try again (`consumer.py`).
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.client import LinesRefused, StoreClient, StoreRefusal
from serving.live.outputs.influx.lines import DataPoint, format_line
from serving.live.outputs.influx.points import SERVICES
from serving.live.outputs.influx.read_back import find_missing
from serving.live.outputs.status import OutputStatus

LOOKS = 30
LOOK_AFTER_S = 0.5
"""A store may show what it has taken only some seconds later."""
_SHOWN = 300
log = logging.getLogger("serving")


class StoreWriter:
    """Writes points, in batches that its caller makes.

    Args:
        client: of the store.
        status: what is told of this output.
    """

    def __init__(self, client: StoreClient, status: OutputStatus) -> None:
        self._client = client
        self._status = status
        self._in_doubt = True  # nobody knows what became of the last batch before the process started

    async def write(self, points: Sequence[DataPoint]) -> None:
        """Write points; when it returns, the store has all but those that it refuses, which are counted and told.

        After a fault, this batch is read back; where points are missing, they are written once more.

        Raises:
            DeliveryError: the store doesn't respond, or takes nothing at the moment.
        """
        try:
            taken = await self._write_taken(points)
            if self._in_doubt:
                await self._prove(taken)
        except DeliveryError:
            self._in_doubt = True
            raise
        self._in_doubt = False

    async def _write_taken(self, points: Sequence[DataPoint]) -> list[DataPoint]:
        """Write points; those that the store didn't refuse."""
        lines: list[tuple[DataPoint, str]] = []
        for point in points:
            try:
                lines.append((point, format_line(point)))
            except ValueError as error:
                self._tell_refused(str(point.key), str(error))
        if not lines:
            return []
        try:
            await self._client.write([line for _, line in lines])
        except LinesRefused:
            await self._probe()
            return [point for half in _halves(lines) for point in await self._write_part(half)]
        return [point for point, _ in lines]

    async def _write_part(self, lines: Sequence[tuple[DataPoint, str]]) -> list[DataPoint]:
        """Find the lines that the store refuses, by halves."""
        try:
            await self._client.write([line for _, line in lines])
        except LinesRefused as refused:
            if len(lines) == 1:
                self._tell_refused(lines[0][1], str(refused))
                return []
            return [point for half in _halves(lines) for point in await self._write_part(half)]
        return [point for point, _ in lines]

    async def _probe(self) -> None:
        """Write a line that no store refuses: one that does would refuse all, and nothing may be passed over for that.

        Raises:
            DeliveryError: it refuses this one too.
        """
        now_us = time.time_ns() // 1_000_000_000 * 1_000_000
        await self._client.write(
            [format_line(DataPoint(SERVICES, {"service": "live"}, {"probe": 1}, now_us))]
        )

    async def _prove(self, points: Sequence[DataPoint]) -> None:
        try:
            missing = await self._look_for(points)
            if missing:
                missing = await self._look_for(await self._write_taken(missing))
        except StoreRefusal as refusal:  # such as a token that may write only
            sentence = f"written, but not proven: reading back was refused: {refusal}"
            self._status.note_doubt(sentence)
            log.warning("output %s: %s", self._status.name, sentence)
            return
        for point in missing:
            self._tell_refused(format_line(point), "written twice and not found when it was read back")

    async def _look_for(self, points: Sequence[DataPoint]) -> list[DataPoint]:
        """What isn't there after some time."""
        missing = await find_missing(self._client, points)
        for _ in range(LOOKS):
            if not missing:
                break
            await asyncio.sleep(LOOK_AFTER_S)
            missing = await find_missing(self._client, missing)
        return missing

    def _tell_refused(self, what: str, why: str) -> None:
        sentence = f"refused: {what[:_SHOWN]}: {why}"
        self._status.note_refusal(sentence)
        log.error("output %s: %s", self._status.name, sentence)


def _halves(
    lines: Sequence[tuple[DataPoint, str]],
) -> list[Sequence[tuple[DataPoint, str]]]:
    middle = len(lines) // 2
    return [half for half in (lines[:middle], lines[middle:]) if half]
