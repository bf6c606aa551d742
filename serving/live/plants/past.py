"""A plant's past before its live readings: the newest records of its dropped history.

A plant that has been trained on exports begins with what features look back to, and not with gaps. Belongs here: which of
these records count. Doesn't belong here: writing the file (`plant_assets.ingest.grid.newest`), rows (`watch.py`).
"""

import asyncio
import logging
from pathlib import Path

from plant_assets.ingest.grid.newest import NewestRecords, read_newest
from plant_assets.profile.model import PlantProfile

log = logging.getLogger("serving")


class DroppedPast:
    """The newest records of a plant's history.

    Args:
        plant: its name.
        file: where the pipeline puts them; None where the lake is no folder of this machine.
    """

    def __init__(self, plant: str, file: Path | None) -> None:
        self._plant = plant
        self._file = file

    async def before(self, profile: PlantProfile, time_us: int, least_us: int) -> NewestRecords | None:
        """Records before a time; None where there are none from `least_us` on, or where they can't be read, which is told.

        Args:
            profile: of the plant, as it is now; records of other columns are left out.
            time_us: of the first live reading.
            least_us: what the first live row looks back to.
        """
        if self._file is None:
            return None
        try:
            found = await asyncio.to_thread(read_newest, self._file)
        except (ValueError, OSError) as error:
            log.error("plant %s begins without what lies before its live readings: %s", self._plant, error)
            return None
        if found is None:
            return None
        columns = frozenset(profile.columns)
        records = [one for one in found.records if one[1] < time_us and one[0] in columns]
        if not records or records[-1][1] < least_us:
            return None
        return NewestRecords(records, found.complete_us)
