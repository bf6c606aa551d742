"""Operator logs: tables of start, end and reason of periods that operators know to be abnormal."""

import re
from datetime import datetime

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.times import parse_times
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.header import told_zone
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.table import ColumnRole, RecognisedTable, TableColumn, TableHeader
from plant_assets.ingest.layouts.unread import why_unread
from plant_assets.ingest.layouts.words import (
    END_WORDS,
    FAULT_WORDS,
    REASON_WORDS,
    START_WORDS,
    first_of,
    plain_name,
    plain_word,
)
from plant_assets.ingest.records import PERIOD_SCHEMA

_OF_A_PERIOD = re.compile(
    r"(.*_)?(duration|dauer|length|id|no|nr|num|number|severity|priority|shift|code|class|type|level|count|"
    r"minutes|hours|min|h|downtime|user|operator|unit|area|cost|loss)(_.*)?"
)
"""What a log says of a period in numbers."""


def find_periods(grid: CellGrid, header: TableHeader, *, by_place: bool = False) -> RecognisedTable | None:
    """The table as an operator log; None where it is none.

    Args:
        grid, header: the table.
        by_place: without columns that are called so, the first two of times are start and end, and a text is the reason.
    """
    words = {column: plain_word(name) for column, name in enumerate(header.names)}
    start, end = first_of(words, START_WORDS), first_of(words, END_WORDS)
    if start is None or end is None:
        if not by_place or len(header.dated) < 2:
            return None
        start, end = sorted(header.dated)[:2]
    roles: dict[int, ColumnRole] = {start: "start", end: "end"}
    rest = {c: word for c, word in words.items() if c in header.filled and c not in roles}
    named = (first_of(rest, known) for known in (REASON_WORDS, FAULT_WORDS))
    texts = (c for c in rest if by_place and grid.frame[str(c)].dtype == pl.String)
    reason = next((c for c in (*named, *texts) if c is not None), None)
    if reason is not None:
        roles[reason] = "reason"
    columns = (
        TableColumn(c, header.names[c], roles.get(c, "unknown"), "" if c in roles else "beside a log")
        for c in sorted({start, end, *rest})
    )
    return RecognisedTable(
        "periods", header, ((start,), (end,)), tuple(columns), (), told_zone(header, (start,))
    )


def holds_values(grid: CellGrid, header: TableHeader, log: RecognisedTable, names: PlantNames) -> bool:
    """Whether a table of starts and ends holds a plant's tags or other numbers too: values of intervals, no log."""
    timed = {column for group in log.times for column in group}
    for column in header.filled:
        title = header.names[column]
        if column in timed or column == log.column_of("reason"):
            continue
        if names.column(title) is not None:
            return True
        numbers = why_unread(title, grid.frame[str(column)].slice(header.begin), ()) is None
        if (
            numbers
            and title
            and column not in header.dated | header.clocks
            and not _OF_A_PERIOD.fullmatch(plain_name(title))
        ):
            return True
    return False


def read_periods(
    grid: CellGrid, table: RecognisedTable, sha256: str, zone: str, now: datetime
) -> pl.DataFrame:
    """Periods by start; both ends belong to a period, of equal ones the last row wins.

    Raises:
        Refusal: an end before its start, a time missing or impossible.
    """
    begin = table.header.begin
    body = grid.frame.slice(begin)
    ends = {
        side: parse_times(
            body[str(column)],
            table.zone or zone,
            lambda row, column=column, side=side: grid.place(row + begin, column, side),
            now=now,
        )
        for side, (column,) in zip(("start", "end"), table.times, strict=True)
    }
    reason = table.column_of("reason")
    frame = pl.DataFrame(
        {
            **ends,
            "reason": pl.repeat("", body.height, eager=True)
            if reason is None
            else body[str(reason)].cast(pl.String).fill_null("").str.strip_chars().str.slice(0, 200),
            "file": pl.repeat(sha256, body.height, eager=True),
            "row": pl.int_range(begin + 1, grid.frame.height + 1, dtype=pl.UInt32, eager=True),
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
