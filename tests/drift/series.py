"""Hourly series that hang together as readings do."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from plant_assets.drift.judge import DriftLimits, DriftResult, RegularSeries, judge

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
LEARNED, NEW = 672, 168
LIMITS = DriftLimits(psi=0.2, ks=0.1, false_alarms=0.005, min_rows=42)


def wandering(seed: int, phi: float, rows: int = LEARNED + NEW) -> np.ndarray:
    """A first-order autoregression of variance 1."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=rows) * np.sqrt(1 - phi**2)
    found = np.empty(rows)
    found[0] = rng.normal()
    for i in range(1, rows):
        found[i] = phi * found[i - 1] + noise[i]
    return found


def hours(rows: int, first: datetime = START) -> pl.Series:
    return pl.datetime_range(first, first + (rows - 1) * HOUR, HOUR, eager=True).alias("timestamp")


def series(values: np.ndarray, trusted: np.ndarray | None = None, first: datetime = START) -> RegularSeries:
    good = np.ones(len(values), bool) if trusted is None else trusted
    return RegularSeries(hours(len(values), first), pl.Series(values), pl.Series(good))


def judged(
    values: np.ndarray,
    trusted: np.ndarray | None = None,
    limits: DriftLimits = LIMITS,
    learned: int = LEARNED,
) -> DriftResult:
    """The last rows held against the first ones."""
    good = np.ones(len(values), bool) if trusted is None else trusted
    before = series(values[:learned], good[:learned])
    after = series(values[learned:], good[learned:], START + learned * HOUR)
    return judge(before, after, limits, interval=HOUR)
