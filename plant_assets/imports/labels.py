"""Reads a file of start and end times, with or without a header, into periods of an operator log."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from plant_assets.ingest.decode.opening import MAX_BYTES, open_file
from plant_assets.ingest.errors import FileRefusal, Refusal, name_file
from plant_assets.ingest.layouts.header import find_header
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.operator_log import find_periods, read_periods

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
        header = find_header(grid, PlantNames(None))
        table = find_periods(grid, header, by_place=True)
        if table is None:
            place = grid.place(header.begin) or None
            raise Refusal("no_period", "no two columns of times", place=place, expected=_EXPECTED)
        return read_periods(grid, table, file.sha256, timezone, moment)


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
