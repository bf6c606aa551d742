"""Reads a file of start and end times, with or without a header, into periods of an operator log."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.opening import MAX_BYTES, open_file
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.errors import FileRefusal, Refusal, name_file
from plant_assets.ingest.layouts.layout import TableLayout
from plant_assets.ingest.layouts.names import END_WORDS, REASON_WORDS, START_WORDS, PlantNames, plain_name
from plant_assets.ingest.layouts.operator_log import read_periods
from plant_assets.ingest.layouts.recognise import find_head, first_of

_REASONS = REASON_WORDS | {
    "fault_code",
    "faultcode",
    "fault",
    "label",
    "type",
    "anomaly",
    "class",
    "mode",
    "name",
}
_EXPECTED = "rows of a start and an end time, with or without a header such as start_time,end_time,reason"


def read_labels(
    path: Path, *, timezone: str, max_bytes: int = MAX_BYTES, now: datetime | None = None
) -> pl.DataFrame:
    """Periods of a label file, of PERIOD_SCHEMA.

    Args:
        path: any file that ingest decodes: columns of start and end, told by their header or by being the first two
            with times; further texts become the reason.
        timezone: where times without an offset are local.
        max_bytes: a larger file is refused unread.
        now: later times are refused. Default: the machine's clock.

    Raises:
        FileRefusal: not such a file, or a row that is no period.
        OSError: it is gone, or may not be read.
    """
    moment = now or datetime.now(UTC)
    with name_file(path.name):
        file = open_file(path, max_bytes=max_bytes)
        grid = next((g for g in file.decoded.grids if g.frame.width > 1), file.decoded.grids[0])
        return read_periods(grid, _layout(grid), file.sha256, timezone, moment)


def count_outside(periods: pl.DataFrame, records: pl.DataFrame, file: str) -> int:
    """How many periods touch no moment from the first record to the last.

    Args:
        periods: of PERIOD_SCHEMA, at least one.
        records: of RECORD_SCHEMA, at least one.
        file: name of the label file, for the refusal.

    Raises:
        FileRefusal: all of them; the text names both spans.
    """
    moments = records["timestamp"]
    first, last = moments.min(), moments.max()
    outside = periods.filter((pl.col("end") < first) | (pl.col("start") > last)).height
    if outside == periods.height:
        told = f"all periods lie {_span(periods['start'].min(), periods['end'].max())}"
        expected = f"one that touches the data, {_span(first, last)}"
        raise FileRefusal(file, Refusal("no_period_in_data", told, expected=expected))
    return outside


def _span(first: object, last: object) -> str:
    return f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _layout(grid: CellGrid) -> TableLayout:
    head = find_head(grid, PlantNames(None))
    words = {column: plain_name(name) for column, name in enumerate(head.names)}
    start, end = first_of(words, START_WORDS), first_of(words, END_WORDS)
    begin = head.begin
    if start is None or end is None:
        times = sorted(head.dated)
        if len(times) < 2:
            raise Refusal(
                "no_period", "no two columns of times", place=grid.place(begin) or None, expected=_EXPECTED
            )
        start, end = times[0], times[1]
        first = grid.frame.row(0)
        begin = 0 if grid.names is not None or looks_like_time(str(first[start] or "")) else max(begin, 1)
    columns = {"start": start, "end": end}
    rest = [c for c in head.filled if c not in (start, end)]
    reason = first_of({c: words[c] for c in rest if c in words}, frozenset(_REASONS))
    if reason is None:
        reason = next((c for c in rest if grid.frame[str(c)].dtype == pl.String), None)
    if reason is not None:
        columns["reason"] = reason
    return TableLayout("periods", begin, columns=columns)
