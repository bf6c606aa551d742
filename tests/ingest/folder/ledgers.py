"""What tests do with a drop manifest."""

from datetime import UTC, datetime
from pathlib import Path

from plant_assets.ingest.folder import listing as drop_folder
from plant_assets.ingest.folder.ledger import Manifest
from plant_assets.ingest.folder.ledger_entry import ManifestEntry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLANT = "small"


def settle(manifest: Manifest, folder: Path, at: datetime = NOW) -> list[ManifestEntry]:
    manifest.scan(folder, PLANT, at)
    return manifest.scan(folder, PLANT, at)


def names(entries: list[ManifestEntry]) -> list[str]:
    return [entry.path.name for entry in entries]


def states(manifest: Manifest) -> list[tuple[str, str]]:
    return [(e.path.name, e.state) for e in manifest.entries(PLANT)]


def ingest(manifest: Manifest, entry: ManifestEntry, at: datetime = NOW) -> None:
    manifest.request([entry], "run", at)
    manifest.mark(PLANT, drop_folder.look_at(entry.path), entry.sha256, "ingested", at)
