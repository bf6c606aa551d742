"""What a person should know of a value before trusting it: one byte of flags per tag and row.

Belongs here: what each flag means, once, for whole tables (Polars) and for single rows (NumPy). Doesn't belong
here: where a row's value comes from, how old it is and for how long it repeats (`resample.py`, `stream.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plant_assets.profile.model import PlantProfile, SamplingOptions
from plant_assets.profile.tag import Tag

Column = TypeVar("Column", pl.Expr, np.ndarray)

HELD = 1
"""No record in the interval; the value is the last one before it."""
STALE = 2
"""No record for `sampling.stale_after`."""
FROZEN = 4
"""The records have repeated one value for `sampling.frozen_after`; set points and states are never frozen."""
SATURATED = 8
"""The value is at the end of what the instrument can read."""
MISSING = 16
"""No value: none was recorded yet, or the last one is older than `sampling.hold_limit`."""
UNCERTAIN = 32
"""A record of the value is of uncertain quality, or a limit that the true value is beyond."""


def flag_column(tag: str) -> str:
    """Name of a tag's flags in the raw table."""
    return f"{tag}_flags"


def has(tag: str, flag: int) -> pl.Expr:
    """Rows of the raw table on which a tag carries the flag."""
    return (pl.col(flag_column(tag)) & flag) > 0


def learnt_values(table: pl.DataFrame, profile: PlantProfile) -> pl.DataFrame:
    """A raw or labelled table with the values that models learn from: uncertain ones are null.

    A profile whose `sampling.learn_uncertain` is true keeps them.
    """
    if profile.sampling.learn_uncertain:
        return table
    return table.with_columns(
        pl.when(~has(tag.name, UNCERTAIN)).then(pl.col(column)).alias(column)
        for tag in profile.tags
        for column in (tag.name, *tag.extremes)
    )


@dataclass(frozen=True, slots=True)
class FlagLimits(Generic[Column]):
    """What the flags of a tag, or of several side by side, depend on.

    Attributes:
        low, high: the ends of the instrument; infinite where it has none.
        may_freeze: false for set points and states.
        stale_after, frozen_after: as ages are given.
    """

    low: Column
    high: Column
    may_freeze: Column
    stale_after: Column
    frozen_after: Column


def instrument_ends(tag: Tag) -> tuple[float, float]:
    """The values at and beyond which a tag is saturated; infinite where there are none."""
    low, high = tag.saturation
    return -math.inf if low is None else low, math.inf if high is None else high


def may_freeze(tag: Tag) -> bool:
    """Whether a value that repeats is suspect; set points and states may stay."""
    return tag.role != "sp" and not tag.state


def flag_conditions(
    value: Column,
    limits: FlagLimits[Column],
    *,
    known: Column,
    recorded: Column,
    age: Column,
    unchanged: Column,
    uncertain: Column,
) -> dict[int, Column]:
    """When each flag is set; a condition on what is missing may be null.

    Args:
        value: of the row, held ones included.
        limits: of its tag.
        known: whether there is a value.
        recorded: whether the interval has a record of the tag.
        age: from the last record to the row's time; before the first: null, or less than zero.
        unchanged: for how long the records up to the interval's last one repeat its value.
        uncertain: whether a record behind the value is of uncertain quality.
    """
    return {  # pyright: ignore[reportReturnType]  # it takes a comparison of arrays for one of either kind
        HELD: known & ~recorded,
        STALE: ~recorded & (age >= limits.stale_after),
        FROZEN: recorded & limits.may_freeze & (unchanged >= limits.frozen_after),
        SATURATED: (value <= limits.low) | (value >= limits.high),
        MISSING: ~known,
        UNCERTAIN: known & uncertain,
    }


def flags(
    tag: Tag,
    value: pl.Expr,
    *,
    recorded: pl.Expr,
    age: pl.Expr,
    unchanged: pl.Expr,
    uncertain: pl.Expr,
    sampling: SamplingOptions,
) -> pl.Expr:
    """A tag's flags on each row of a table, as `flag_conditions` has them; ages are durations, what is missing is null."""
    low, high = instrument_ends(tag)
    limits = FlagLimits(
        pl.lit(low),
        pl.lit(high),
        pl.lit(may_freeze(tag)),
        pl.lit(sampling.stale_after),
        pl.lit(sampling.frozen_after),
    )
    conditions = flag_conditions(
        value,
        limits,
        known=value.is_not_null(),
        recorded=recorded,
        age=age,
        unchanged=unchanged,
        uncertain=uncertain,
    )
    return (
        pl.sum_horizontal(
            pl.when(condition.fill_null(False)).then(pl.lit(flag, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
            for flag, condition in conditions.items()
        )
        .cast(pl.UInt8)
        .alias(flag_column(tag.name))
    )


def flag_arrays(tags: Sequence[Tag], sampling: SamplingOptions) -> FlagLimits[np.ndarray]:
    """The limits of several tags side by side; ages are whole microseconds."""
    low, high = np.array([instrument_ends(tag) for tag in tags]).T
    microsecond = timedelta(microseconds=1)
    return FlagLimits(
        low,
        high,
        np.array([may_freeze(tag) for tag in tags]),
        np.array(sampling.stale_after // microsecond),
        np.array(sampling.frozen_after // microsecond),
    )


def flag_bits(conditions: Mapping[int, np.ndarray]) -> NDArray[np.uint8]:
    """The flags whose conditions hold, of the conditions' shape."""
    return np.bitwise_or.reduce([condition * np.uint8(flag) for flag, condition in conditions.items()])
