"""What a person should know of a value before trusting it: one byte of flags per tag and row."""

import polars as pl

from plant_assets.profile.model import PlantProfile, SamplingOptions
from plant_assets.profile.tag import Tag

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
    """A tag's flags on each row of the grid.

    Args:
        tag: for its role and saturation.
        value: of the row, held ones included; null if missing.
        recorded: whether the interval has a record of the tag.
        age: from the last record to the row's time, a duration; null before the first.
        uncertain: whether a record behind the value is of uncertain quality.
        unchanged: for how long the records up to the interval's last one repeat its value, a duration.
        sampling: the limits.
    """
    low, high = tag.saturation
    saturated = pl.lit(False)
    if low is not None:
        saturated = saturated | (value <= low)
    if high is not None:
        saturated = saturated | (value >= high)
    may_stay = tag.role == "sp" or tag.state
    frozen = pl.lit(False) if may_stay else recorded & (unchanged >= sampling.frozen_after)
    conditions = {
        HELD: value.is_not_null() & ~recorded,
        STALE: ~recorded & (age >= sampling.stale_after),
        FROZEN: frozen,
        SATURATED: saturated,
        MISSING: value.is_null(),
        UNCERTAIN: value.is_not_null() & uncertain,
    }
    return (
        pl.sum_horizontal(
            pl.when(condition.fill_null(False)).then(pl.lit(flag, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
            for flag, condition in conditions.items()
        )
        .cast(pl.UInt8)
        .alias(flag_column(tag.name))
    )
