"""Merges a drop's records into the months that they touch, one month in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from plant_assets.ingest.history.delta import DeltaStore
from plant_assets.ingest.history.fingerprint import frame_fingerprint
from plant_assets.ingest.records import RECORD_SCHEMA, by_tag, last_wins

_BATCH_ROWS = 200_000
_KEY = ["tag", "timestamp"]
_WORKING = {**RECORD_SCHEMA, "tag": pl.String, "quality": pl.String, "file": pl.String, "row": pl.Int64}
STORED = pa.schema(
    [
        ("timestamp", pa.timestamp("us", "UTC")),
        ("tag", pa.string()),
        ("value", pa.float64()),
        ("quality", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("month", pa.string()),
    ]
)
"""The history on disk; Delta has no unsigned integers."""


@dataclass(slots=True)
class MergeChanges:
    """What a merge does: counts of records, and a fingerprint for each touched month."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    digests: dict[str, str] = field(default_factory=dict)


class MonthMerge:
    """New records over what a table holds of their months; the last one wins by (timestamp, tag)."""

    def __init__(self, store: DeltaStore, table: DeltaTable, records: pl.DataFrame) -> None:
        self._store = store
        self._table = table
        self._new = [part for _, part in by_tag(last_wins([records]))]
        first = pl.col("timestamp").dt.truncate("1mo").unique()
        begins = {begin for part in self._new for begin in part.select(first).to_series()}
        self._begins = {month_name(begin): begin for begin in sorted(begins)}
        self.months = list(self._begins)

    @property
    def predicate(self) -> str:
        """SQL that names the touched months; of none it names no row."""
        return " OR ".join(f"month = '{month}'" for month in self.months) or "month = ''"

    def changes(self) -> MergeChanges:
        changes = MergeChanges()
        for month in self.months:
            merged = self._merged(month)
            _count(merged, changes)
            changes.digests[month] = frame_fingerprint(merged.select("timestamp", "tag", "value", "quality"))
        return changes

    def batches(self) -> pa.RecordBatchReader:
        """The touched months as they shall be, for one pass."""
        return pa.RecordBatchReader.from_batches(STORED, self._stream())

    def _stream(self) -> Iterator[pa.RecordBatch]:
        for month in self.months:
            merged = self._merged(month).select(STORED.names)
            for part in merged.iter_slices(_BATCH_ROWS):
                yield from part.to_arrow().cast(STORED).to_batches()

    def _merged(self, month: str) -> pl.DataFrame:
        """One month, ordered by tag and time; `before` is the value that was there, null if none."""
        columns = [pl.col(n).cast(t) for n, t in _WORKING.items()]
        old = self._store.scan(self._table, month, month).select(columns).collect()
        new = pl.concat(self._of_month(month)).select(columns)
        before = old.select(*_KEY, before="value")
        both = pl.concat([old.join(new, on=_KEY, how="anti"), new]).with_columns(
            fresh=pl.int_range(pl.len()) >= pl.len() - new.height
        )
        return both.join(before, on=_KEY, how="left").sort(_KEY).with_columns(month=pl.lit(month))

    def _of_month(self, month: str) -> list[pl.DataFrame]:
        """The new records of a month, a slice of each tag's."""
        begin = self._begins[month]
        until = (begin + timedelta(days=31)).replace(day=1)
        slices = []
        for part in self._new:
            first, last = (int(part["timestamp"].search_sorted(time)) for time in (begin, until))
            slices.append(part.slice(first, last - first))
        return slices


def month_name(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m")


def _count(merged: pl.DataFrame, changes: MergeChanges) -> None:
    new = merged.filter("fresh")
    added = int(new["before"].null_count())
    changed = new.filter(pl.col("before").is_not_null() & (pl.col("before") != pl.col("value"))).height
    changes.added += added
    changes.changed += changed
    changes.unchanged += new.height - added - changed
