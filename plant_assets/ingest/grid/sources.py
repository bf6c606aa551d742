"""Which files and rows each row of the raw table comes from."""

from collections.abc import Iterator, Sequence

import polars as pl

SOURCES = pl.List(pl.Struct({"file": pl.String(), "first_row": pl.UInt32(), "last_row": pl.UInt32()}))
_CHUNK = 100_000
_KEY = ["slot", "file", "first_row"]


def sources(spans: Sequence[pl.DataFrame], files: pl.Enum, rows: int) -> pl.Series:
    """The spans of each slot as one list, overlapping and adjoining ones merged.

    Args:
        spans: tables ordered by `slot`, of `slot`, `file` (code within `files`), `first_row` and `last_row`.
        files: the files' names.
        rows: slots of the grid; one without a span gets an empty list.

    Returns:
        Series of type SOURCES, `rows` long.
    """
    parts = [_lists(chunk, files) for chunk in _chunks(spans, rows)]
    grid = pl.DataFrame({"slot": pl.int_range(rows, eager=True, dtype=pl.UInt32)})
    lists = grid.join(pl.concat(parts), on="slot", how="left", maintain_order="left")
    return lists.select(pl.coalesce("sources", pl.lit([], SOURCES)))["sources"]


def _chunks(spans: Sequence[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """All spans of a stretch of slots at a time; sorting all of them at once would take much memory."""
    for start in range(0, rows, _CHUNK):
        pieces = []
        for span in spans:
            first, last = (int(span["slot"].search_sorted(s)) for s in (start, start + _CHUNK))
            pieces.append(span.slice(first, last - first))
        yield pl.concat(pieces)


def _lists(spans: pl.DataFrame, files: pl.Enum) -> pl.DataFrame:
    ordered = spans.unique().sort(_KEY)
    # Spans of different slots or files never adjoin when each of them has 2^32 row numbers of its own.
    owner = (pl.col("slot").cast(pl.Int64) * len(files.categories) + pl.col("file")).rle_id()
    base = owner.cast(pl.Int64) * 2**32
    reach = (base + pl.col("last_row")).cum_max().shift()
    merged = (
        ordered.with_columns(run=(base + pl.col("first_row") > reach + 1).fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("slot", "file", "first_row").first(), pl.col("last_row").max())
    )
    merged = merged.with_columns(file=files.categories.gather(merged["file"]))
    entry = pl.struct("file", "first_row", "last_row").alias("sources")
    return merged.select("slot", entry).group_by("slot", maintain_order=True).agg("sources")
