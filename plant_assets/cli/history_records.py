"""A plant's records as commands that replay them read them: those of the lake, by time.

Belongs here: reading, and what is said where that fails. Doesn't belong here: sending them.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from plant_assets.cli.console import fail
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    import polars as pl


def read_history_records(
    plant: str, settings: PipelineSettings, begin: datetime | None, until: datetime | None
) -> "pl.DataFrame":
    """A plant's records of [begin, until); ends the command where the lake can't be read."""
    from plant_assets.ingest.history.history import PlantHistory
    from plant_assets.ingest.storage import StorageError

    try:
        return PlantHistory(settings.lake_root, plant).read(begin, until)
    except StorageError as error:
        fail(str(error))


def utc_time(time: datetime | None) -> datetime | None:
    """A time that a person gave without an offset."""
    return time and time.replace(tzinfo=UTC)
