"""Reads an operator log: start, end and reason of periods that operators know to be abnormal."""

from datetime import datetime

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.times import parse_times
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.layout import TableLayout
from plant_assets.ingest.records import PERIOD_SCHEMA


def read_periods(grid: CellGrid, layout: TableLayout, sha256: str, zone: str, now: datetime) -> pl.DataFrame:
    """Periods by start; both ends belong to a period, of equal ones the last row wins.

    Raises:
        Refusal: an end before its start, a time missing or impossible.
    """
    body = grid.frame.slice(layout.begin)
    ends = {
        side: parse_times(
            body[str(layout.columns[side])],
            "UTC" if layout.utc else zone,
            lambda row, side=side: grid.place(row + layout.begin, layout.columns[side], side),
            now=now,
        )
        for side in ("start", "end")
    }
    reason = layout.columns.get("reason")
    frame = pl.DataFrame(
        {
            **ends,
            "reason": pl.repeat("", body.height, eager=True)
            if reason is None
            else body[str(reason)].cast(pl.String).fill_null("").str.strip_chars().str.slice(0, 200),
            "file": pl.repeat(sha256, body.height, eager=True),
            "row": pl.int_range(layout.begin + 1, grid.frame.height + 1, dtype=pl.UInt32, eager=True),
        }
    ).filter(pl.col("start").is_not_null() | pl.col("end").is_not_null() | (pl.col("reason") != ""))
    if frame.is_empty():
        raise Refusal("empty", "the operator log has no rows", expected="start_time, end_time, reason")
    _check(frame, grid)
    return frame.cast(PERIOD_SCHEMA).unique(["start", "end"], keep="last").sort("start", "end")


def _check(frame: pl.DataFrame, grid: CellGrid) -> None:
    for wrong, code, message in (
        (
            pl.col("start").is_null() | pl.col("end").is_null(),
            "missing_time",
            "a period without start or end",
        ),
        (pl.col("end") < pl.col("start"), "period_reversed", "a period ends before it starts"),
    ):
        if (bad := frame.filter(wrong)).height:
            raise Refusal(
                code,
                message,
                place=grid.place(bad["row"][0] - 1),
                expected="a start and a later end in every row",
            )
