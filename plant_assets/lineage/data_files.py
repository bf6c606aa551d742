"""Which dropped files, and which of their rows, a training learned from; published with each model.

Belongs here: from a training table to its files. Doesn't belong here: the
shape that is published (`plant_assets.bundle.data_files`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import polars as pl

from plant_assets.bundle.data_files import MOST_FILES, DataFile, DataFiles
from plant_assets.ingest.history.history import DropFile, DropInfo

_SPAN = {
    "first_row": pl.col("first_row").min(),
    "last_row": pl.col("last_row").max(),
    "first": pl.col("first").min(),
    "last": pl.col("last").max(),
}


def data_files(table: pl.DataFrame, periods: pl.DataFrame, drops: Iterable[DropInfo]) -> DataFiles:
    """The files behind a training table.

    Args:
        table: with `timestamp` and `sources`; a table without `sources` has no files.
        periods: of the operator logs, as PERIOD_SCHEMA; those that no row falls into are left out.
        drops: of the history, oldest first; a file's first drop counts.
    """
    if "sources" not in table.columns or table.is_empty():
        return DataFiles()
    known = _known_files(drops)
    found = [
        *_files(_readings(table), "readings", known),
        *_files(_operator_logs(periods, table), "operator_log", known),
    ]
    found.sort(key=lambda file: (file.last, file.first, file.sha256), reverse=True)
    further = found[MOST_FILES:]
    return DataFiles(
        files=tuple(found[:MOST_FILES]),
        further_files=len(further),
        further_records=sum(file.ingested_records or 0 for file in further),
    )


def _readings(table: pl.DataFrame) -> pl.DataFrame:
    """A row a file: what of it the table's rows hold."""
    return (
        table.lazy()
        .select(first="timestamp", last="timestamp", sources="sources")
        .explode("sources")
        .drop_nulls("sources")
        .unnest("sources")
        .group_by("file")
        .agg(**_SPAN)
        .collect(engine="streaming")
    )


def _operator_logs(periods: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """A row an operator log: its periods that touch the table's time."""
    first, last = table["timestamp"][0], table["timestamp"][-1]
    touching = periods.filter((pl.col("end") >= first) & (pl.col("start") <= last))
    spans = touching.select("file", first_row="row", last_row="row", first="start", last="end")
    return spans.group_by("file").agg(**_SPAN)


def _files(
    spans: pl.DataFrame,
    kind: Literal["readings", "operator_log"],
    known: Mapping[str, tuple[DropFile, datetime]],
) -> list[DataFile]:
    utc = pl.col("first", "last").dt.convert_time_zone("UTC")
    return [_file(span, kind, known.get(span["file"])) for span in spans.with_columns(utc).to_dicts()]


def _file(
    span: dict, kind: Literal["readings", "operator_log"], dropped: tuple[DropFile, datetime] | None
) -> DataFile:
    return DataFile(
        sha256=span["file"],
        kind=kind,
        name=dropped[0].name if dropped else "",
        dropped_at=dropped[1] if dropped else None,
        ingested_records=dropped[0].rows if dropped else None,
        **{name: span[name] for name in _SPAN},
    )


def _known_files(drops: Iterable[DropInfo]) -> dict[str, tuple[DropFile, datetime]]:
    found: dict[str, tuple[DropFile, datetime]] = {}
    for drop in drops:
        for file in drop.files:
            found.setdefault(file.sha256, (file, drop.at))
    return found
