"""Pandera schemas of the plant's tables, built from its profile.

Belongs here: what a table must be. Doesn't belong here: how a breach is shown (`checks.py`).

Every check is a column's and answers row by row: Pandera can't list lazy failures of whole tables
beside those of rows, and a failing row is what a person looks for.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    from pandera.polars import Check, Column, DataFrameSchema, PolarsData

REGIMES = ("normal", "transition", "alarm")
NOT_FINITE = "not_finite"


def raw_schema(profile: PlantProfile) -> "DataFrameSchema":
    """Ascending timestamps, enough rows, every column there and in its range, no used tag without a value."""
    import pandera.polars as pa

    used = set(profile.used_tags)
    ranges = {tag.name: tag.range for tag in profile.tags}
    ranges |= {f"{tag.name}_{a}": tag.range for tag in profile.tags for a in tag.aggregates}
    columns = {
        name: pa.Column(
            pl.Float64,
            [pa.Check.in_range(*ranges[name]), *([_some_value()] if name in used else [])],
            nullable=True,
        )
        for name in profile.columns
    }
    return pa.DataFrameSchema({"timestamp": _timestamp(profile), **columns}, name="raw_sensor_data")


def labelled_schema(profile: PlantProfile) -> "DataFrameSchema":
    """Timestamps as in raw, a label of 0 or 1 and a known regime on every row; none where the profile knows no labels."""
    import pandera.polars as pa

    nullable = not profile.labels.alarm_rules and not profile.labels.periods
    return pa.DataFrameSchema(
        {
            "timestamp": _timestamp(profile),
            "anomaly_label": pa.Column(pl.Int8, pa.Check.isin([0, 1]), nullable=nullable),
            "regime": pa.Column(pl.String, pa.Check.isin(list(REGIMES)), nullable=nullable),
        },
        name="labeled_dataset",
    )


def features_schema(profile: PlantProfile, names: Sequence[str]) -> "DataFrameSchema":
    """Timestamps as in raw, every feature there as a number; for `features_view` of the table."""
    import pandera.polars as pa

    return pa.DataFrameSchema(
        {
            "timestamp": _timestamp(profile),
            NOT_FINITE: pa.Column(pl.String, _none_named(), nullable=True),
            **{name: pa.Column(pl.Float64, nullable=True) for name in names},
        },
        name="features",
    )


def features_view(features: pl.DataFrame) -> pl.DataFrame:
    """The table with one more column: which of a row's features are infinite or not a number."""
    numeric = [n for n, dtype in features.schema.items() if dtype.is_float()]
    named = [pl.when(~pl.col(n).is_finite()).then(pl.lit(n)) for n in numeric]
    joined = pl.concat_str(named, separator=" ", ignore_nulls=True) if named else pl.lit("")
    return features.with_columns(pl.when(joined != "").then(joined).alias(NOT_FINITE))


def least_rows(profile: PlantProfile) -> int:
    """Rows below which walk-forward validation with the profile's folds and gap has nothing to train on."""
    return (profile.validation.folds + 1) * (profile.steps(profile.validation.gap) + 1)


def _timestamp(profile: PlantProfile) -> "Column":
    import pandera.polars as pa

    least = least_rows(profile)

    def ascending(data: "PolarsData") -> pl.LazyFrame:
        return data.lazyframe.select((pl.col(data.key).diff() > pl.duration()).fill_null(value=True))

    def enough(data: "PolarsData") -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_not_null() & (pl.len() >= least))

    return pa.Column(
        pl.Datetime("us", "UTC"),
        [pa.Check(ascending, name="ascending"), pa.Check(enough, name=f"at least {least} rows")],
        nullable=False,
        unique=True,
    )


def _some_value() -> "Check":
    import pandera.polars as pa

    def some(data: "PolarsData") -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_not_null() | (pl.col(data.key).count() > 0))

    return pa.Check(some, name="at least one value", ignore_na=False)


def _none_named() -> "Check":
    import pandera.polars as pa

    def none(data: "PolarsData") -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_null())

    return pa.Check(none, name="finite", ignore_na=False)
