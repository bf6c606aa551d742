"""The out-of-fold table turned: a row a time, all models side by side.

Belongs here: the shape of `model_results`. Doesn't belong here: where it is written (`exports`).
"""

import polars as pl

from plant_assets.validation.baselines import BASELINES

_SHOWN = ("score", "decision", "threshold", "alarm")


def model_results(oof: pl.DataFrame) -> pl.DataFrame:
    """What each model answered out of fold, row by row; trivial baselines are left out.

    Args:
        oof: out-of-fold rows of any models and horizons, as `validation/oof.py` has them.

    Returns:
        `timestamp`, `fold`; the truths that were asked: `anomaly_label` now, `onset_3h` whether an alarm starts
        within 3 h; of each model `<model>_score`, `_decision` (the number that is compared: a probability where the
        model is calibrated), `_threshold` and `_alarm` (0 or 1, de-bounced). Null where a model wasn't asked.
    """
    rows = oof.filter(~pl.col("model").is_in(list(BASELINES)))
    pairs = rows.select("model", "horizon").unique(maintain_order=True).rows()
    asked = [name for name, _ in pairs]
    table = rows.group_by("timestamp").agg(pl.col("fold").max()).sort("timestamp")
    for hours in sorted({hours for _, hours in pairs}):
        truth = rows.filter(horizon=hours).group_by("timestamp").agg(pl.col("y").max())
        table = table.join(truth.rename({"y": _truth(hours)}), on="timestamp", how="left")
    for name, hours in pairs:
        label = name if asked.count(name) == 1 else f"{name}_{hours}h"
        shown = [pl.col(column).alias(f"{label}_{column}") for column in _SHOWN]
        part = rows.filter(model=name, horizon=hours).select("timestamp", *shown)
        table = table.join(part, on="timestamp", how="left")
    return table.with_columns(pl.col(pl.Boolean).cast(pl.Int8)).sort("timestamp")


def _truth(hours: int) -> str:
    return f"onset_{hours}h" if hours else "anomaly_label"
