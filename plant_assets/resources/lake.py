"""Where a plant's histories, assets, drops and refused files lie.

Belongs here: addresses, and opening what lies there. Doesn't belong here: what is read or written.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

import dagster as dg
from upath import UPath

from plant_assets.ingest.folder.listing import list_files
from plant_assets.ingest.folder.strays import move_strays, receiving_plant
from plant_assets.ingest.grid.newest import NEWEST_FILE
from plant_assets.profile.load import plant_names
from plant_assets.resources.files import write_whole
from plant_assets.settings import PipelineSettings

if TYPE_CHECKING:
    from plant_assets.ingest.folder.ledger import DropLedger
    from plant_assets.ingest.history.history import PlantHistory

OVERDUE_AFTER = timedelta(minutes=15)
MAX_ATTEMPTS = 6
"""How often a file that can't be read is tried; other faults are repeated less often."""


class LakeResource(dg.ConfigurableResource):
    """Addresses of a deployment's state.

    Attributes:
        root: folder or `s3://…` that holds `<plant>/history` and `<plant>/assets`.
        drop: folder that holds one drop folder a plant.
        quarantine: folder that takes refused files.
        state_url: SQLAlchemy address of the drop ledger.
        max_drop_bytes: a larger file is refused.
        live_retrain_hours: plant hours of live readings that models may lag behind.
        root_plant: the plant that gets files of the folder of drop folders itself; empty for none.
    """

    root: str
    drop: str
    quarantine: str
    state_url: str
    max_drop_bytes: int = 500 * 1024 * 1024
    live_retrain_hours: int = 672
    root_plant: str = ""

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        return cls(
            root=settings.lake_root,
            drop=str(settings.drop),
            quarantine=str(settings.quarantine),
            state_url=settings.state_url,
            max_drop_bytes=settings.max_drop_mb * 1024 * 1024,
            live_retrain_hours=settings.live_retrain_hours,
            root_plant=receiving_plant(settings.default_plant, plant_names(settings.defs)),
        )

    @property
    def retrain_after(self) -> timedelta:
        return timedelta(hours=self.live_retrain_hours)

    def history(self, plant: str) -> "PlantHistory":
        from plant_assets.ingest.history.history import PlantHistory

        return PlantHistory(self.root, plant)

    def ledger(self, max_attempts: int = MAX_ATTEMPTS) -> "DropLedger":
        """The drop ledger; `max_attempts` is how often a drop's run may fail before it is given up."""
        return _ledger(self.state_url, max_attempts)

    def overdue(self, plant: str, limit: timedelta = OVERDUE_AFTER) -> list[str]:
        """A line for each dropped file that waits for longer than `limit`, or was given up."""
        return [
            f"{entry.path.name}: {entry.state} since {entry.changed_at:%Y-%m-%d %H:%M} UTC. {entry.message}".rstrip()
            for entry in self.ledger().overdue(self.now(), limit, plant)
        ]

    def write_report(self, plant: str, texts: Mapping[str, str]) -> str:
        """Keep a report's files beside the plant's assets; answers the address of the first."""
        folder = UPath(self.root) / plant / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text.encode("utf-8"))
        return str(folder / next(iter(texts)))

    def read_report(self, plant: str, name: str) -> bytes | None:
        """A report's file that `write_report` kept; None where there is none."""
        path = UPath(self.root) / plant / "reports" / name
        return path.read_bytes() if path.is_file() else None

    def write_newest(self, plant: str, content: bytes) -> None:
        """Keep the newest records of a plant's history, which its live service begins with."""
        folder = UPath(self.root) / plant
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / NEWEST_FILE, content)

    def asset_file(self, plant: str, asset: str) -> str:
        """Address of the Parquet file of a plant's asset."""
        return str(UPath(self.root) / plant / "assets" / f"{asset}.parquet")

    def drop_folder(self, plant: str) -> Path:
        return Path(self.drop) / plant

    def move_strays(self, plant: str) -> list[Path]:
        """Move files of the folder of drop folders itself to the plant, where it is the one that gets them."""
        return move_strays(Path(self.drop), self.drop_folder(plant)) if plant == self.root_plant else []

    def strays(self) -> list[str]:
        """Names of files that lie in the folder of drop folders itself, of no plant."""
        return [found.path.name for found in list_files(Path(self.drop))]

    def quarantine_folder(self, plant: str) -> Path:
        return Path(self.quarantine) / plant

    def now(self) -> datetime:
        return datetime.now(UTC)


@lru_cache(maxsize=8)
def _ledger(url: str, max_attempts: int) -> "DropLedger":
    """One connection pool a process, not one a look of the sensor."""
    from plant_assets.ingest.folder.ledger import DropLedger

    return DropLedger(url, max_attempts=max_attempts)
