"""Live readings as a drop: the records of complete rows in a file that ingest takes in like any other.

So retraining sees what production saw. Belongs here: which records, which file, what the inbox may forget. Doesn't belong here: what
becomes of the file.
"""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import polars as pl

from plant_assets.bundle.atomic_file import atomic_write
from plant_assets.profile.live_drops import live_drop_name
from serving.live.inbox.inbox import ReadingInbox, StoredReading
from serving.live.plants.rows import time_of

RETRY_AFTER_ROWS = 10
log = logging.getLogger("serving")


class DropFlusher:
    """Writes a plant's drop whenever enough plant hours of rows are complete; with 0 hours there are none."""

    def __init__(self, plant: str, folder: Path, hours: int, inbox: ReadingInbox) -> None:
        self.fault = ""
        self._plant = plant
        self._folder = folder
        self._span_us = timedelta(hours=hours) // timedelta(microseconds=1)
        self._inbox = inbox
        self._until_us: int | None = None

    async def flush(self, step_us: int, complete_us: int, keep_from_us: int) -> None:
        """Write the drops that are due; one that can't be written is told, and tried again with a later row.

        Args:
            step_us: the sampling interval.
            complete_us: end of the newest row that is written.
            keep_from_us: records from then on are looked back to.
        """
        if not self._span_us:
            return
        if self._until_us is None:
            self._until_us = await self._begin_us(step_us)
        while self._until_us is not None and complete_us - self._until_us >= self._span_us:
            end_us = self._until_us + self._span_us
            records = await self._inbox.between(self._plant, self._until_us, end_us)
            try:
                if records:
                    name = live_drop_name(time_of(self._until_us), time_of(end_us))
                    await asyncio.to_thread(self._write, records, self._folder / name)
            except OSError as error:
                self.fault = f"live records can't be dropped into {self._folder}: {error.strerror or error}"
                log.exception("plant %s: %s", self._plant, self.fault)
                return
            self.fault = ""
            await self._inbox.note_flush(self._plant, end_us, keep_from_us)
            self._until_us = end_us

    async def _begin_us(self, step_us: int) -> int | None:
        """Where the next drop begins; None before the first record."""
        if (flushed_us := await self._inbox.flushed_until(self._plant)) is not None:
            return flushed_us
        span = await self._inbox.span(self._plant)
        return None if span is None else span[0] // step_us * step_us

    def _write(self, records: list[StoredReading], path: Path) -> None:
        """Put records into the drop folder, all of them or none.

        Raises:
            OSError: it can't be written.
        """
        table = pl.DataFrame(
            {
                "timestamp": pl.Series([r.time_us for r in records], dtype=pl.Int64).cast(
                    pl.Datetime("us", "UTC")
                ),
                "tag": [r.column for r in records],
                "value": pl.Series([r.value for r in records], dtype=pl.Float64).fill_nan(None),
                "quality": [r.quality for r in records],
            }
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            table.write_parquet(file)
        log.info("%d live records of %s dropped as %s", table.height, self._plant, path.name)
