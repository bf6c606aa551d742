"""A plant's dropped history with what its models said of it out of fold, as arrays. Pure.

Belongs here: from the tables that `forewarn export` writes to arrays, and parts of them. Doesn't belong here: where
the tables come from (`loader.py`), the warnings that follow (`episodes.py`), HTTP.
"""

import hashlib
import io
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.model import PlantProfile
from serving.gateway.replay.episodes import HorizonDecisions, PastEpisode, find_episodes, runs

if TYPE_CHECKING:
    import polars as pl

_REASON = r"; (rule:|period:)"
_BETWEEN = "\x1f"
_FIGURES = 6
"""Significant figures of values that are sent: no instrument has more."""


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """Rows with one reason to be called an alarm: `rule:<name>` or `period:<what the operators noted>`."""

    reason: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class DroppedHistory:
    """All rows of a plant. Times in seconds since 1970 (UTC), ascending; NaN where there is no value.

    Attributes:
        fingerprint: of the tables that it was read from.
        values: of tags, and of extremes of their intervals.
        flags: of tags, as bits; those that are never set are left out.
        risk: decisions by horizon, the nearest first; none where no model was validated.
        labels: in the order of their beginnings.
        alarms: first and last row of each period that is labelled as an alarm.
        warnings: those that there would have been.
    """

    fingerprint: str
    interval_s: float
    times: Floats
    values: dict[str, Floats]
    flags: dict[str, Floats]
    risk: tuple[HorizonDecisions, ...]
    labels: tuple[LabelSpan, ...]
    alarms: tuple[tuple[float, float], ...]
    warnings: tuple[PastEpisode, ...]


def read_history(labelled: bytes, results: bytes | None, profile: PlantProfile) -> DroppedHistory:
    """The history in a plant's `labeled_dataset.csv` and `model_results.csv`.

    Raises:
        ValueError: a table isn't one that the pipeline writes.
    """
    import polars as pl  # the gateway has no need of it before

    try:
        table = pl.read_csv(io.BytesIO(labelled), infer_schema=False)
        scored = pl.read_csv(io.BytesIO(results), infer_schema=False) if results is not None else None
        times = _seconds(table)
        values = {name: _numbers(table, name) for name in profile.columns if name in table.columns}
        flags = {tag: _numbers(table, f"{tag}_flags") for tag in profile.tag_names}
        risk = () if scored is None else _risk(scored, times, profile)
        labels = _labels(table, times)
        alarms = _numbers(table, "anomaly_label") == 1
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"not a table of the pipeline: {str(error).splitlines()[0]}") from None
    if not len(times):
        raise ValueError("not a table of the pipeline: no rows")
    digest = hashlib.blake2b(labelled, digest_size=8)
    digest.update(results or b"")
    interval = profile.sampling.interval
    return DroppedHistory(
        fingerprint=digest.hexdigest(),
        interval_s=interval / timedelta(seconds=1),
        times=times,
        values=values,
        flags={tag: bits for tag, bits in flags.items() if np.nan_to_num(bits).any()},
        risk=risk,
        labels=labels,
        alarms=tuple((times[first], times[last]) for first, last in runs(alarms)),
        warnings=find_episodes(times, risk, alarms, profile),
    )


def significant(values: Floats) -> Floats:
    """Values with as many figures as are sent."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(values)))
        scale = np.power(10.0, _FIGURES - 1 - np.where(np.isfinite(size), size, 0.0))
        return np.where(np.isfinite(values), np.round(values * scale) / scale, np.nan)


def nullable(values: Floats) -> list[float | None]:
    """Values as JSON has them: null where there is none, or where it is infinite."""
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _seconds(table: "pl.DataFrame") -> Floats:
    import polars as pl

    moments = pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", time_zone="UTC")
    return table.select(moments.dt.epoch("us") / 1e6)["timestamp"].to_numpy()


def _numbers(table: "pl.DataFrame", name: str) -> Floats:
    import polars as pl

    if name not in table.columns:
        return np.full(table.height, np.nan)
    return table[name].cast(pl.Float64).fill_null(math.nan).to_numpy()


def _risk(scored: "pl.DataFrame", times: Floats, profile: PlantProfile) -> tuple[HorizonDecisions, ...]:
    """What answers now, and each forecaster, where it was validated."""
    rows = np.searchsorted(times, _seconds(scored))
    if not np.array_equal(times[np.minimum(rows, len(times) - 1)], _seconds(scored)):
        return ()  # results of another history: the run that writes both goes on
    hours = sorted(horizon / timedelta(hours=1) for horizon in profile.horizons)
    named = {} if profile.answering.startswith("forecaster_") else {0.0: profile.answering}
    named |= {ahead: f"forecaster_{ahead:g}h" for ahead in hours if profile.looks_ahead}
    found = []
    for ahead, name in named.items():
        if f"{name}_decision" not in scored.columns:
            continue
        score, decision = _numbers(scored, f"{name}_score"), _numbers(scored, f"{name}_decision")
        found.append(
            HorizonDecisions(
                hours=ahead,
                model=profile.registered_name(name),
                calibrated=not np.array_equal(score, decision, equal_nan=True),
                decision=_spread(decision, rows, len(times)),
                threshold=_spread(_numbers(scored, f"{name}_threshold"), rows, len(times)),
            )
        )
    return tuple(found)


def _spread(values: Floats, rows: np.ndarray, count: int) -> Floats:
    spread = np.full(count, np.nan)
    spread[rows] = values
    return spread


def _labels(table: "pl.DataFrame", times: Floats) -> tuple[LabelSpan, ...]:
    import polars as pl

    if "label_source" not in table.columns:
        return ()
    text = pl.col("label_source").str.replace_all(_REASON, f"{_BETWEEN}${{1}}").str.split(_BETWEEN)
    reasons = table.select(text)["label_source"].to_list()
    rows: dict[str, Flags] = {}
    for row, names in enumerate(reasons):
        for name in names or ():
            rows.setdefault(name, np.zeros(len(times), dtype=bool))[row] = True
    found = [
        LabelSpan(reason, times[first], times[last])
        for reason, met in rows.items()
        for first, last in runs(met)
    ]
    return tuple(sorted(found, key=lambda span: (span.start, span.reason)))
