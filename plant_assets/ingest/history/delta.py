"""Delta tables as the histories use them: created on first use, changed by compare-and-set commits.

A commit goes in whole or not at all: Parquet files are written first, and one small log file then
makes them the table. A process killed before that leaves the old table. Of two writers that follow
the same version the later one fails with `CommitConflict`, and must read again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

_METADATA_KEY = "forewarn"
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 36500 days",  # the log is the list of drops; it is small
    "delta.checkpointInterval": "50",
}


class CommitConflict(Exception):  # noqa: N818 - not a fault: the caller reads again and repeats
    """Somebody else committed since the table was read."""


@dataclass(frozen=True, slots=True)
class DeltaStore:
    """Address and credentials of a table."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> DeltaTable | None:
        """The newest version, or None before the first write."""
        try:
            return DeltaTable(self.url, storage_options=dict(self.options))
        except TableNotFoundError:
            return None

    def scan(self, table: DeltaTable, first: str | None = None, last: str | None = None) -> pl.LazyFrame:
        """The rows of `table`, of the partitions from `first` to `last` by name, without the partition's column."""
        adds = _between(table, first, last)
        if adds.is_empty():
            empty = pl.DataFrame(pa.schema(table.schema().to_arrow()).empty_table())
            return empty.lazy().drop("month", strict=False)
        files = [f"{self.url}/{path}" for path in adds["path"].sort()]
        return pl.scan_parquet(files, glob=False, storage_options=dict(self.options) or None)

    def months(self, table: DeltaTable, first: str | None = None, last: str | None = None) -> list[str]:
        """The partitions that `table` has from `first` to `last` by name, in their order."""
        adds = _between(table, first, last)
        return [] if adds.is_empty() else adds["partition.month"].unique().sort().to_list()

    def open_or_create(self, schema: pa.Schema, partition_by: Sequence[str] = ()) -> DeltaTable:
        return self.open() or DeltaTable.create(
            self.url,
            schema=Schema.from_arrow(schema),
            mode="ignore",
            partition_by=list(partition_by),
            configuration=_CONFIGURATION,
            storage_options=dict(self.options),
        )


def _between(table: DeltaTable, first: str | None, last: str | None) -> pl.DataFrame:
    adds = pl.DataFrame(table.get_add_actions(flatten=True))
    if first is not None:
        adds = adds.filter(pl.col("partition.month") >= first)
    if last is not None:
        adds = adds.filter(pl.col("partition.month") <= last)
    return adds


def replace(
    table: DeltaTable,
    batches: pa.RecordBatchReader,
    predicate: str | None,
    entry: Mapping[str, object],
    marks: Sequence[str],
) -> None:
    """Replace the rows that `predicate` names (None: all) by `batches`, in one commit.

    Args:
        entry: what the commit says of itself; see `entries`.
        marks: names that `has_mark` knows for ever from this commit on.

    Raises:
        CommitConflict: the table has moved on since `table` was opened.
    """
    version = table.version()
    properties = CommitProperties(
        custom_metadata={_METADATA_KEY: json.dumps(entry)},
        max_commit_retries=0,  # only ever follow the version that was read
        app_transactions=[Transaction(app_id=mark, version=1) for mark in marks],
    )
    try:
        write_deltalake(
            table,
            batches,
            mode="overwrite",
            predicate=predicate,
            commit_properties=properties,
            writer_properties=WriterProperties(compression="ZSTD"),
        )
    except CommitFailedError as error:
        newest = DeltaTable(table.table_uri, storage_options=table._storage_options)
        if newest.version() > version:
            raise CommitConflict(str(error)) from error
        raise


def has_mark(table: DeltaTable, mark: str) -> bool:
    """Whether a commit carried the mark; from the table's state, not by reading its log."""
    return table.transaction_version(mark) is not None


def entries(table: DeltaTable, *, limit: int | None = None) -> Iterator[tuple[int, dict]]:
    """(version, entry) of the commits made by `replace`, newest first."""
    for commit in table.history(limit):
        if text := commit.get(_METADATA_KEY):
            yield commit["version"], json.loads(text)
