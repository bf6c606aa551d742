"""A plant that takes drops in, without a platform."""

from datetime import UTC, datetime
from pathlib import Path

from plant_assets.ingest.drop import DropResult, ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from tests.ingest.events import small_profile

PROFILE = small_profile()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Site:
    """A plant's folders, history and ledger."""

    def __init__(self, root: Path) -> None:
        self.folder, self.quarantine = root / "drop", root / "quarantine"
        self.folder.mkdir()
        self.history = PlantHistory(root / "lake", PROFILE.name)
        self.ledger = DropLedger(f"sqlite:///{root}/manifest.db")

    def drop(self, *paths: Path, **options: bool) -> DropResult:
        return ingest_drop(
            paths,
            PROFILE,
            self.history,
            self.ledger,
            self.quarantine,
            NOW,
            drop_folder=self.folder,
            **options,
        )

    def values(self) -> list[float]:
        return self.history.read()["value"].to_list()

    def states(self) -> dict[str, str]:
        return {entry.path.name: entry.state for entry in self.ledger.entries()}
