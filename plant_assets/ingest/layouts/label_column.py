"""Columns of labels beside values: which rows somebody says are abnormal, and the periods that these rows form."""

from collections.abc import Callable

import polars as pl

from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.words import plain_name
from plant_assets.ingest.records import PERIOD_SCHEMA

_NORMAL = frozenset(
    [
        "0",
        "0.0",
        "-1",
        "-1.0",
        "-999",
        "-999.0",
        "false",
        "no",
        "n",
        "f",
        "off",
        "normal",
        "ok",
        "good",
        "healthy",
        "none",
        "nominal",
        "benign",
    ]
) | {""}
_ABNORMAL = frozenset(
    [
        "1",
        "1.0",
        "true",
        "yes",
        "y",
        "t",
        "on",
        "anomaly",
        "anomalous",
        "abnormal",
        "attack",
        "a_ttack",
        "fault",
        "faulty",
        "failure",
        "fail",
        "alarm",
        "bad",
        "outlier",
        "broken",
    ]
)
_MOST = 0.5
_FEW = 12


def is_label_column(cells: pl.Series) -> bool:
    """Whether a column tells normal rows from abnormal ones, and abnormal ones are the fewer."""
    words = _words(cells)
    counts = dict(words.value_counts().iter_rows()) if words.n_unique() <= _FEW else {}
    abnormal = sum(n for word, n in counts.items() if word in _ABNORMAL)
    return set(counts) <= _NORMAL | _ABNORMAL and 0 < abnormal <= _MOST * words.len()


def label_periods(
    cells: pl.Series, times: pl.Series, rows: pl.Series, title: str, place: Callable[[int], str]
) -> pl.DataFrame:
    """The stretches of abnormal rows as periods from the first to the last row of each.

    Args:
        cells: labels; empty ones are normal.
        times: UTC instants of the rows, null where a row has none.
        rows: their numbers, from 1.
        title: of the column; the periods' reason.
        place: of a row, for a refusal.

    Returns:
        PERIOD_SCHEMA without `file`, by start.

    Raises:
        Refusal: a label that is neither normal nor abnormal; the first one is named.
    """
    words = _words(cells)
    unclear = ~words.is_in(list(_NORMAL | _ABNORMAL))
    if unclear.any():
        row = unclear.arg_max() or 0
        raise Refusal(
            "unclear_label",
            f"label {quote(cells[row])} in {int(unclear.sum())} rows",
            place=place(row),
            expected="0 or 1, or words such as Normal and Attack",
        )
    frame = pl.DataFrame({"time": times, "row": rows, "abnormal": words.is_in(list(_ABNORMAL))})
    frame = frame.drop_nulls("time").sort("time", "row").with_columns(run=pl.col("abnormal").rle_id())
    return (
        frame.filter("abnormal")
        .group_by("run", maintain_order=True)
        .agg(start=pl.col("time").first(), end=pl.col("time").last(), row=pl.col("row").first())
        .select("start", "end", pl.lit(title[:200]).alias("reason"), "row")
        .cast({name: PERIOD_SCHEMA[name] for name in ("start", "end", "reason", "row")})
    )


def _words(cells: pl.Series) -> pl.Series:
    text = cells.cast(pl.String, strict=False).fill_null("").str.strip_chars()
    known = {
        word: plain_name(word) if not word.lstrip("-").replace(".", "").isdigit() else word
        for word in text.unique()
    }
    return text.replace_strict(known, return_dtype=pl.String)
