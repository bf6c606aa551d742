"""The newest records of a history, for who goes on where it ends: a live service whose own readings don't reach back far yet.

Belongs here: which records those are, and the file that holds them. Doesn't belong here: the history, where the file lies
(`LakeResource`), the rows that are made of them (`stream.py`).
"""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import polars as pl

from plant_assets.ingest.grid.stream import StreamRecord
from plant_assets.ingest.records import TIME
from plant_assets.profile.model import PlantProfile

NEWEST_FILE = "newest_records.parquet"
"""Beside a plant's tables in the lake."""
SHOWN, MOST_SHOWN = timedelta(hours=96), 2000
"""What people look back over, in time and in rows."""
_SCHEMA = pl.Schema(
    {
        "timestamp": TIME,
        "tag": pl.String(),
        "value": pl.Float64(),
        "uncertain": pl.Boolean(),
        "complete_from": TIME,
    }
)
_US = timedelta(microseconds=1)


class NewestRecords(NamedTuple):
    """The newest records of a history.

    Attributes:
        records: by time.
        complete_us: rows from then on are as the whole history gives them; of what lies before, the last record of each
            column alone is there.
    """

    records: list[StreamRecord]
    complete_us: int


def warm_span(profile: PlantProfile) -> timedelta:
    """How far before a row records matter to its values and flags, beside the last one of each column."""
    sampling = profile.sampling
    return max(sampling.frozen_after, sampling.hold_limit, sampling.stale_after)


def newest_records(records: pl.DataFrame, profile: PlantProfile, look_back: int) -> bytes:
    """The records that a history's newest rows are made of, as a file.

    Args:
        records: of the history, at least one.
        profile: of the plant.
        look_back: rows that features look back over; what people look back over is there in any case.
    """
    interval = profile.sampling.interval
    rows = max(look_back, min(SHOWN // interval, MOST_SHOWN)) + 1
    step_us, times = interval // _US, records["timestamp"].dt.epoch("us").to_numpy()
    last_us, first_us = int(times.max()), int(times.min())
    begin_us = (last_us // step_us - rows + 1) * step_us
    known = records.select(
        "timestamp",
        pl.col("tag").cast(pl.String),
        "value",
        (pl.col("quality") == "uncertain").alias("uncertain"),
    ).sort("timestamp", maintain_order=True)
    time_us, warm_us = pl.col("timestamp").dt.epoch("us"), begin_us - warm_span(profile) // _US
    earlier = (
        known.filter(time_us < warm_us).group_by("tag", maintain_order=True).last().select(known.columns)
    )
    complete_us = begin_us if earlier.height else first_us
    kept = pl.concat([earlier.sort("timestamp"), known.filter(time_us >= warm_us)])
    content = BytesIO()
    kept.with_columns(pl.lit(complete_us).cast(TIME).alias("complete_from")).write_parquet(content)
    return content.getvalue()


def read_newest(path: Path) -> NewestRecords | None:
    """The records of a file that `newest_records` made; None where there is none.

    Raises:
        ValueError: it isn't one.
        OSError: it can't be read.
    """
    try:
        table = pl.read_parquet(path)
    except FileNotFoundError:
        return None
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name}: no table of records ({str(error).splitlines()[0]})") from None
    if table.schema != _SCHEMA or table.is_empty():
        raise ValueError(f"{path.name}: expected records with columns {', '.join(_SCHEMA)}")
    columns = (
        table["tag"].to_list(),
        table["timestamp"].dt.epoch("us").to_list(),
        table["value"].to_list(),
        table["uncertain"].to_list(),
    )
    complete_us = table["complete_from"].dt.epoch("us").item(0)
    return NewestRecords(list(zip(*columns, strict=True)), complete_us)
