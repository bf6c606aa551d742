"""The history as CSV, written while it is read."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

import orjson

from serving.gateway.history.tables import HistoryEntry

COLUMNS = (
    "id", "created_at", "type", "plant", "model", "version", "prediction_id",
    "risk_score", "alarm", "request", "answer",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


async def csv_lines(batches: AsyncIterator[Sequence[HistoryEntry]]) -> AsyncIterator[str]:
    """A heading, then the lines of each batch."""
    yield _lines([COLUMNS])
    async for batch in batches:
        yield _lines([_cells(entry) for entry in batch])


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(entry: HistoryEntry) -> list[str]:
    return [
        str(entry.id),
        entry.created_at.isoformat(),
        harmless(entry.type),
        harmless(entry.plant),
        harmless(entry.model),
        str(entry.version),
        harmless(entry.prediction_id),
        repr(entry.risk_score),
        "true" if entry.alarm else "false",
        harmless(orjson.dumps(entry.request).decode()),
        harmless(orjson.dumps(entry.answer).decode()),
    ]


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
