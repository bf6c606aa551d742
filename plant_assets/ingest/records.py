"""The shape of raw events between reading a file and resampling a history."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

import polars as pl

TIME = pl.Datetime("us", "UTC")
QUALITY = pl.Enum(["good", "uncertain", "bad"])
"""From the best to the worst."""

RECORD_SCHEMA = pl.Schema(
    {
        "timestamp": TIME,
        "tag": pl.Categorical(),
        "value": pl.Float64(),
        "quality": QUALITY,
        "file": pl.Categorical(),
        "row": pl.UInt32(),
    }
)
"""One event a row, of 29 bytes: texts would take 48 more. `tag` is a value column of the profile (a tag, `<tag>_max` or `<tag>_min`), `value`
is finite and in the tag's unit, `quality` is good or uncertain (bad ones never get here), `file` the
SHA-256 of the file in hex, `row` the row of its sheet as a person counts, from 1."""

PERIOD_SCHEMA = pl.Schema(
    {"start": TIME, "end": TIME, "reason": pl.String(), "file": pl.String(), "row": pl.UInt32()}
)
"""One stretch of an operator log; both ends belong to it."""


def empty_records() -> pl.DataFrame:
    return pl.DataFrame(schema=RECORD_SCHEMA)


def last_wins(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Records ordered by tag and time; of those that share both, the one that comes last in the tables.

    A tag is sorted at a time, and only where its times don't run on: exports nearly always do.
    """
    parts: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for table in tables:
        for tag, part in by_tag(table):
            parts[tag].append(part)
    found = [_last_of_tag(pl.concat(parts[tag])) for tag in sorted(parts)]
    return pl.concat(found) if found else empty_records()


def by_tag(records: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The records of each tag in their order; those that stand together already aren't copied."""
    runs = records["tag"].to_physical().rle().struct.unnest()
    if runs["value"].n_unique() < runs.height:
        records = records.sort("tag", maintain_order=True)
        runs = records["tag"].to_physical().rle().struct.unnest()
    start = 0
    for count in runs["len"]:
        part = records.slice(start, count)
        yield str(part.item(0, "tag")), part
        start += count


def _last_of_tag(records: pl.DataFrame) -> pl.DataFrame:
    if (records["timestamp"].diff().drop_nulls() > timedelta(0)).all():
        return records
    ordered = records.sort("timestamp", maintain_order=True)
    return ordered.filter((pl.col("timestamp") != pl.col("timestamp").shift(-1)).fill_null(True))
