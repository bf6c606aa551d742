"""A plant on disk whose drops are taken in by processes of their own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from plant_assets.ingest.drop import DropResult, ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.history.history import PlantHistory
from tests.ingest.events import START, small_profile, write_wide
from tests.reliability.ingest_child import NOW, Child

PROFILE = small_profile()
State = dict[datetime, float]


class Site:
    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self.root = root
        self.folder = folder or root / "drop"
        self.folder.mkdir()
        self.history = PlantHistory(root / "lake", PROFILE.name)
        self.ledger = DropLedger(f"sqlite:///{root}/manifest.db")

    def write(self, name: str, first_hour: int, values: Sequence[float]) -> Path:
        return write_wide(self.folder / name, START + timedelta(hours=first_hour), values)

    def start(self, paths: Sequence[Path], limit: int = 0) -> Child:
        """Take a drop in beside us; returns once the process is at its start."""
        return Child(self.root, paths, limit)

    def drop(self, paths: Sequence[Path]) -> DropResult:
        return ingest_drop(
            paths, PROFILE, self.history, self.ledger, self.root / "quarantine", NOW, drop_folder=self.folder
        )

    def state(self) -> State:
        """The history's values; fails on a row that is there twice."""
        records = self.history.read()
        state = dict(records.select("timestamp", "value").iter_rows())
        assert len(state) == records.height, "a record is there twice"
        return state


def after(state: State, first_hour: int, values: Sequence[float]) -> State:
    return state | {START + timedelta(hours=first_hour + i): value for i, value in enumerate(values)}
