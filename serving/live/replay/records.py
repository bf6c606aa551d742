"""Records of a history as a source gives them.

Belongs here: their shape. Doesn't belong here: where they come from, when they are sent (`pace.py`).
"""

from collections.abc import Iterator

import polars as pl

from serving.live.readings import RawReading

_SLICE = 50_000


def readings_of(records: pl.DataFrame) -> Iterator[RawReading]:
    """Records as a source gives them, in their order.

    Args:
        records: with timestamp, tag, value and quality.
    """
    for part in records.select("tag", "timestamp", "value", "quality").iter_slices(_SLICE):
        columns = (
            part["tag"].cast(pl.String).to_list(),
            part["timestamp"].dt.epoch("us").to_list(),
            part["value"].to_list(),
            part["quality"].cast(pl.String).to_list(),
        )
        yield from map(RawReading, *columns)
