"""Which rows of a history models were tested on: how many, from when to when, and the share of alarms.

Belongs here: counting them. Doesn't belong here: how well a model did on them (`evaluate.py`).
"""

import math
from datetime import datetime, timedelta

import polars as pl

from plant_assets.validation.evaluate import GroundTruth
from plant_assets.validation.report_data import TestedRows


def count_tested_rows(ground: GroundTruth, oof: pl.DataFrame) -> TestedRows:
    """The history of `ground`, and what of it the out-of-fold table covers."""
    times, scored = ground.labelled["timestamp"], oof["timestamp"].unique().sort()
    label = pl.DataFrame({"timestamp": times, "label": ground.label}).filter(
        pl.col("timestamp").is_in(scored.implode())
    )["label"]
    rate = label.fill_nan(None).mean()
    settings, hour = ground.profile.validation, timedelta(hours=1)
    return TestedRows(
        len(times),
        *_ends(times),
        len(scored),
        *_ends(scored),
        float(rate) if isinstance(rate, int | float) else math.nan,
        oof["fold"].n_unique(),
        settings.gap / hour,
        ground.interval / hour,
    )


def _ends(times: pl.Series) -> tuple[datetime | None, datetime | None]:
    first, last = (times.min(), times.max()) if len(times) else (None, None)
    return (
        first if isinstance(first, datetime) else None,
        last if isinstance(last, datetime) else None,
    )
