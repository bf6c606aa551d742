"""Histories of plants, read from the pipeline's tables and kept while these stay as they are.

Belongs here: when a history is read anew, how many are kept. Doesn't belong here: what is in them (`history.py`),
writing the tables (`exports`).
"""

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Annotated

from serving.errors import NotFound
from serving.gateway.exports.service import TableExporter, TableName
from serving.gateway.plants.profiles import PlantProfiles
from serving.gateway.problems import ExportFailed
from serving.gateway.replay.history import DroppedHistory, read_history
from serving.settings import ServingSettings
from serving.web.parts import part

log = logging.getLogger("serving")

MOST_KEPT = 4
OLDEST_S = 300.0
"""A history of a lake that is no folder here is read anew after this."""
_ASSETS = ("labeled_dataset", "validation_report")
Mark = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    mark: Mark
    history: DroppedHistory


class HistoryLoader:
    """Histories by plant."""

    def __init__(self, settings: ServingSettings, profiles: PlantProfiles, exporter: TableExporter) -> None:
        self._lake = settings.lake_folder
        self._profiles = profiles
        self._exporter = exporter
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, plant: str) -> DroppedHistory:
        """A plant's history as the pipeline made it last.

        Raises:
            UnknownPlant: no such plant.
            NotFound: it has no history yet; says which command makes one.
            ExportAway, ExportFailed: the tables can't be had.
        """
        profile = await self._profiles.of(plant)
        async with self._reading[plant]:
            # Taken before the tables are: what changes meanwhile is read next time.
            mark = (profile, *await asyncio.to_thread(self._mark, plant))
            kept = self._kept.get(plant)
            if kept is None or kept.mark != mark:
                labelled, results = await asyncio.gather(
                    self._table(plant, "labeled_dataset"), self._results(plant)
                )
                try:
                    history = await asyncio.to_thread(read_history, labelled, results, profile)
                except ValueError as error:
                    log.error("the history of %s can't be read: %s", plant, error)
                    raise ExportFailed(f"the history of {plant} can't be read: {error}") from None
                kept = self._kept[plant] = _Kept(mark, history)
            self._kept.move_to_end(plant)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return kept.history

    def _mark(self, plant: str) -> Mark:
        """What changes where the pipeline has written the tables anew."""
        if self._lake is None:
            return (time.monotonic() // OLDEST_S,)
        marks = []
        for asset in _ASSETS:
            try:
                state = (self._lake / plant / "assets" / f"{asset}.parquet").stat()
            except OSError:
                marks.append(None)
            else:
                marks.append((state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(marks)

    async def _table(self, plant: str, table: TableName) -> bytes:
        file = await self._exporter.write(plant, table)
        with file:
            return await asyncio.to_thread(file.read)

    async def _results(self, plant: str) -> bytes | None:
        try:
            return await self._table(plant, "model_results")
        except NotFound:
            return None  # not validated yet


HistoryLoaderDep = Annotated[HistoryLoader, part("history_loader")]
