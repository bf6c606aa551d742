"""What tests do with a drop ledger."""

from datetime import UTC, datetime
from pathlib import Path

from plant_assets.ingest.folder import listing as drop_folder
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.folder.ledger_entry import LedgerEntry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLANT = "small"


def settle(ledger: DropLedger, folder: Path, at: datetime = NOW) -> list[LedgerEntry]:
    ledger.scan(folder, PLANT, at)
    return ledger.scan(folder, PLANT, at)


def names(entries: list[LedgerEntry]) -> list[str]:
    return [entry.path.name for entry in entries]


def states(ledger: DropLedger) -> list[tuple[str, str]]:
    return [(e.path.name, e.state) for e in ledger.entries(PLANT)]


def ingest(ledger: DropLedger, entry: LedgerEntry, at: datetime = NOW) -> None:
    ledger.request([entry], "run", at)
    ledger.mark(PLANT, drop_folder.look_at(entry.path), entry.sha256, "ingested", at)
