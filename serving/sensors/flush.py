"""Live readings as a drop: the raw records of complete rows in a file that ingest takes in like any other.

Belongs here: which rows, which file. Doesn't belong here: what becomes of the file.
"""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from plant_assets.bundle.atomic_file import atomic_write
from plant_assets.profile.live_drops import live_drop_name
from serving.sensors.plant import LivePlant


class DropWriter:
    """Writes a drop whenever enough plant hours of rows are complete; with 0 hours there are none."""

    def __init__(self, folder: Path, hours: int) -> None:
        self._folder = folder
        self._hours = timedelta(hours=hours)

    def due(self, plant: LivePlant) -> bool:
        """Whether rows enough for a drop are complete; a real plant's history takes no simulated records."""
        if not self._hours or not plant.profile.simulated:
            return False
        return plant.time - plant.time_of(plant.flushed) >= self._hours

    def next_rows(self, plant: LivePlant) -> tuple[int, int]:
        """First and last (not included) row of the next drop."""
        rows = max(1, self._hours // plant.profile.sampling.interval)
        return plant.flushed, plant.flushed + rows

    def write(self, records: pl.DataFrame, begin: datetime, end: datetime) -> Path:
        """Put records of [begin, end) into the drop folder, all of them or none.

        Raises:
            OSError: it can't be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / live_drop_name(begin, end)
        with atomic_write(path) as file:
            records.write_parquet(file)
        return path
