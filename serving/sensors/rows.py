"""Reading rows: from a historian's raw records to what a client gets, by ingest's own resampling.

Belongs here: which records a row needs, and its words. Doesn't belong here: how records become values and
flags (`plant_assets/ingest/grid/resample.py`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import polars as pl

from plant_assets.ingest.grid.quality import FROZEN, HELD, MISSING, SATURATED, STALE, flag_column
from plant_assets.ingest.grid.resample import resample
from plant_assets.profile.model import PlantProfile

_WORST_FIRST = {
    MISSING: "missing",
    STALE: "stale",
    FROZEN: "frozen",
    SATURATED: "saturated",
    HELD: "held",
}
_WORDS = {
    flags: next((word for bit, word in _WORST_FIRST.items() if flags & bit), "good") for flags in range(32)
}
_HEARTBEATS = timedelta(hours=12)
"""Time in which each tag certainly has a record; several heartbeats of the simulated historian."""


@dataclass(frozen=True, slots=True)
class SensorRow:
    """One complete sampling interval.

    Attributes:
        number: intervals since the plant's start.
        timestamp: the interval's beginning (UTC).
        json: timestamp, values and quality, as clients get them.
    """

    number: int
    timestamp: datetime
    json: bytes


def look_back(profile: PlantProfile) -> timedelta:
    """How far back records matter to a row's values and flags."""
    sampling = profile.sampling
    return max(sampling.hold_limit, sampling.stale_after, sampling.frozen_after) + _HEARTBEATS


def reading_rows(
    records: pl.DataFrame, profile: PlantProfile, start: datetime, begin: datetime, end: datetime
) -> list[SensorRow]:
    """The rows of [begin, end), oldest first.

    Args:
        records: timestamp, tag, value and quality, from `look_back` before `begin`, or from the start.
        profile: the plant.
        start: the plant's first moment.
        begin, end: on the grid of intervals.
    """
    # A record after the end makes the grid reach it, even if nothing was recorded in the last interval.
    beyond = pl.DataFrame(
        {"timestamp": [end], "tag": profile.tag_names[:1], "value": [0.0], "quality": ["good"]},
        schema=records.schema,
    )
    window = pl.concat([records.filter(pl.col("timestamp") < end), beyond])
    table = resample(window.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32)), profile)
    table = table.filter(pl.col("timestamp").is_between(begin, end, closed="left"))
    first = (begin - start) // profile.sampling.interval
    words = table.select(
        pl.col(flag_column(tag)).replace_strict(_WORDS, return_dtype=pl.String).alias(tag)
        for tag in profile.tag_names
    ).iter_rows(named=True)
    values = table.select(profile.columns).iter_rows(named=True)
    return [
        SensorRow(first + i, moment, _json(moment, own_values, own_words))
        for i, (moment, own_values, own_words) in enumerate(
            zip(table["timestamp"], values, words, strict=True)
        )
    ]


def _json(moment: datetime, values: dict[str, float | None], quality: dict[str, str]) -> bytes:
    document = {"timestamp": moment, "values": values, "quality": quality}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)
