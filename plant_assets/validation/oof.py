"""The out-of-fold table that models and baselines share, and how rows get into it.

| column | meaning |
|---|---|
| timestamp, model, horizon, fold | which row, whose score, hours ahead (0 = nowcast), fold from 1 |
| y | nowcast: alarm now; forecast: an alarm starts within the horizon (null where not asked) |
| score, probability | higher = worse; probability only if calibrated |
| decision, threshold, alarm | the number that is compared, the fold's threshold, the de-bounced result |
"""

from collections.abc import Iterable

import polars as pl

from plant_assets.features.arrays import Flags, Floats

OOF_SCHEMA = pl.Schema(
    {
        "timestamp": pl.Datetime("us", "UTC"),
        "model": pl.String(),
        "horizon": pl.Int32(),
        "fold": pl.Int32(),
        "y": pl.Int8(),
        "score": pl.Float64(),
        "probability": pl.Float64(),
        "threshold": pl.Float64(),
        "decision": pl.Float64(),
        "alarm": pl.Boolean(),
    }
)


class OofError(ValueError):
    """A table that isn't an out-of-fold table; the text names the column and what was expected."""


def empty_oof() -> pl.DataFrame:
    return pl.DataFrame(schema=OOF_SCHEMA)


def join_oof(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Stack out-of-fold tables of several models in the order given."""
    return pl.concat([empty_oof(), *(checked_oof(table) for table in tables)])


def checked_oof(table: pl.DataFrame) -> pl.DataFrame:
    """The table with exactly the columns and types of `OOF_SCHEMA`; NaN becomes null.

    Raises:
        OofError: a missing column, a wrong type, or a row that a model scores twice.
    """
    missing = [name for name in OOF_SCHEMA if name not in table.columns]
    if missing:
        raise OofError(f"out-of-fold table: expected the columns {list(OOF_SCHEMA)}, missing {missing}")
    try:
        cast = table.select(
            pl.col(name).fill_nan(None).cast(kind)
            if table.schema[name].is_float()
            else pl.col(name).cast(kind)
            for name, kind in OOF_SCHEMA.items()
        )
    except pl.exceptions.PolarsError as error:
        raise OofError(f"out-of-fold table: {error}") from None
    if cast.select(pl.struct("model", "horizon", "timestamp").is_duplicated().any()).item():
        raise OofError("out-of-fold table: expected one row per model, horizon and timestamp, got duplicates")
    return cast


def oof_rows(
    timestamps: pl.Series,
    *,
    model: str,
    horizon: int,
    fold: int,
    y: Floats,
    score: Floats,
    alarm: Flags,
    threshold: float,
    probability: Floats | None = None,
) -> pl.DataFrame:
    """Rows of one model and fold; NaN in `y`, `score` or `probability` means not asked or not known."""
    decision = score if probability is None else probability
    return checked_oof(
        pl.DataFrame(
            {
                "timestamp": timestamps,
                "model": model,
                "horizon": horizon,
                "fold": fold,
                "y": y,
                "score": score,
                "probability": probability,
                "threshold": threshold,
                "decision": decision,
                "alarm": alarm,
            }
        )
    )
