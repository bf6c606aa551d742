"""Drops of a live plant's own readings: taken in as any other, without training every model again.

Belongs here: which runs such a drop asks for. Doesn't belong here: how files are read, who writes them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from plant_assets.components.naming import DRIFT, FEATURES, LABELLED, RAW, REPORT, WINDOWS, asset_key
from plant_assets.ingest.folder.ledger_entry import LedgerEntry
from plant_assets.profile.live_drops import live_drop_span
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    from plant_assets.ingest.folder.ledger import DropLedger

_READINGS = (RAW, LABELLED, FEATURES, DRIFT)


def readings_alone(profile: PlantProfile) -> list[dg.AssetKey]:
    """What a run brings up to date that trains nothing; the checks of these assets belong to it."""
    windows = (WINDOWS,) if profile.looks_ahead else ()
    return [asset_key(profile.name, name) for name in (*_READINGS, *windows)]


def trains_nothing(
    instance: dg.DagsterInstance,
    ledger: "DropLedger",
    plant: str,
    entries: Sequence[LedgerEntry],
    retrain_after: timedelta,
) -> bool:
    """Whether a drop is of live readings only, and with those since the last training still few.

    Args:
        instance: knows when models were last judged, which is the end of their training.
        ledger: knows which live drops went in since.
        plant: the plant's name.
        entries: the drop's files.
        retrain_after: plant time of live readings that models may lag behind.
    """
    spans = [live_drop_span(entry.path.name) for entry in entries]
    if any(span is None for span in spans) or any(entry.forced for entry in entries):
        return False
    trained = _last_training(instance, plant)
    since = [
        live_drop_span(entry.path.name)
        for entry in ledger.entries(plant, ["ingested"])
        if entry.changed_at > trained and not entry.duplicate_of
    ]
    return sum((span for span in (*spans, *since) if span is not None), timedelta()) <= retrain_after


def _last_training(instance: dg.DagsterInstance, plant: str) -> datetime:
    report = instance.get_latest_materialization_event(asset_key(plant, REPORT))
    return datetime.fromtimestamp(report.timestamp if report is not None else 0, UTC)
