"""The shape of raw events between reading a file and resampling a history."""

import polars as pl

TIME = pl.Datetime("us", "UTC")

RECORD_SCHEMA = pl.Schema(
    {
        "timestamp": TIME,
        "tag": pl.String(),
        "value": pl.Float64(),
        "quality": pl.String(),
        "file": pl.String(),
        "row": pl.UInt32(),
    }
)
"""One event a row. `tag` is a value column of the profile (a tag, `<tag>_max` or `<tag>_min`), `value`
is finite and in the tag's unit, `quality` is good or uncertain (bad ones never get here), `file` the
SHA-256 of the file in hex, `row` the row of its sheet as a person counts, from 1."""

PERIOD_SCHEMA = pl.Schema(
    {"start": TIME, "end": TIME, "reason": pl.String(), "file": pl.String(), "row": pl.UInt32()}
)
"""One stretch of an operator log; both ends belong to it."""


def empty_records() -> pl.DataFrame:
    return pl.DataFrame(schema=RECORD_SCHEMA)


def last_wins(records: pl.DataFrame) -> pl.DataFrame:
    """Records ordered by time and tag; of those that share both, the one that came last in `records`."""
    # Sorting codes of tags and row numbers takes a third of the time of sorting texts.
    order = pl.Enum(records["tag"].unique().drop_nulls().sort())
    keys = records.select("timestamp", tag=pl.col("tag").cast(order).to_physical()).with_row_index()
    keys = keys.sort("timestamp", "tag", "index")
    replaced = (pl.col("timestamp") == pl.col("timestamp").shift(-1)) & (
        pl.col("tag") == pl.col("tag").shift(-1)
    )
    return records[keys.filter(~replaced.fill_null(False))["index"]]
