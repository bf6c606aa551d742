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
LACKING = "lacking"
REPEATED = "repeated"


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


def windows_schema(profile: PlantProfile) -> "DataFrameSchema":
    """Timestamps as in raw, every window column there as a finite number or null; for `wide_view` of the table."""
    import pandera.polars as pa

    return pa.DataFrameSchema({"timestamp": _timestamp(profile), **_wide()}, name="window_features")


def smote_schema() -> "DataFrameSchema":
    """Every feature there as a finite number, never null; both marks on every row; for `wide_view` of the table."""
    import pandera.polars as pa

    return pa.DataFrameSchema(
        {
            **_wide(),
            "anomaly_label": pa.Column(pl.Int8, pa.Check.isin([0, 1])),
            "synthetic": pa.Column(pl.Boolean),
        },
        name="smote_features",
    )


def wide_view(table: pl.DataFrame, names: Sequence[str], *, filled: bool = False) -> pl.DataFrame:
    """A table of hundreds of columns with two in their place: what a row lacks, and what is no finite number.

    Pandera looks at each column by itself, which takes a second for five hundred.

    Args:
        table: what is checked.
        names: the columns of numbers that it must have.
        filled: whether a value that is null counts as not finite.
    """
    lacking = [name for name in names if table.schema.get(name) != pl.Float64]
    there = [name for name in names if name not in lacking]
    kept = table.select(pl.exclude(there))
    tests = {name: pl.col(name).is_finite().fill_null(value=not filled) for name in there}
    bad = (
        table.select(pl.any_horizontal(~test for test in tests.values()).alias("bad"))["bad"]
        if tests
        else None
    )
    named: pl.Expr | pl.Series = pl.lit(None, pl.String)
    if bad is not None and bad.any():
        texts = [pl.when(~test).then(pl.lit(name)) for name, test in tests.items()]
        found = table.select(
            pl.concat_str(texts, separator=" ", ignore_nulls=True).replace("", None).alias("n")
        )
        named = found["n"]
    return kept.with_columns(
        named.alias(NOT_FINITE), pl.lit(" ".join(lacking[:20]) or None, pl.String).alias(LACKING)
    )


def oof_schema() -> "DataFrameSchema":
    """An out-of-fold table: a row once a model, horizon and time; labels, probabilities and folds in range."""
    import pandera.polars as pa

    number = pa.Column(pl.Float64, nullable=True)
    return pa.DataFrameSchema(
        {
            "timestamp": pa.Column(pl.Datetime("us", "UTC")),
            "model": pa.Column(pl.String, pa.Check.str_length(min_value=1)),
            "horizon": pa.Column(pl.Int32, pa.Check.ge(0)),
            "fold": pa.Column(pl.Int32, pa.Check.ge(1)),
            "y": pa.Column(pl.Int8, pa.Check.isin([0, 1]), nullable=True),
            "score": number,
            "probability": pa.Column(pl.Float64, pa.Check.in_range(0, 1), nullable=True),
            "threshold": number,
            "decision": number,
            "alarm": pa.Column(pl.Boolean),
            REPEATED: pa.Column(pl.String, _none_named("once"), nullable=True),
        },
        name="out_of_fold",
    )


def oof_view(oof: pl.DataFrame) -> pl.DataFrame:
    """The table with one more column: the model of a row that is there twice."""
    twice = pl.struct("timestamp", "model", "horizon").is_duplicated()
    return oof.with_columns(pl.when(twice).then(pl.col("model")).alias(REPEATED))


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


def _wide() -> dict[str, "Column"]:
    import pandera.polars as pa

    return {
        NOT_FINITE: pa.Column(pl.String, _none_named(), nullable=True),
        LACKING: pa.Column(pl.String, _none_named("there as float64"), nullable=True),
    }


def _none_named(name: str = "finite") -> "Check":
    import pandera.polars as pa

    def none(data: "PolarsData") -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_null())

    return pa.Check(none, name=name, ignore_na=False)
