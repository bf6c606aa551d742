"""Whether a tag follows the day or the week, and in which phase of it a row lies.

Belongs here: finding cycles, numbering phases. Doesn't belong here: what is compared (`judge.py`).
"""

from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.features.arrays import Floats

Season = Literal["day", "week"]
PERIODS: dict[Season, timedelta] = {"day": timedelta(days=1), "week": timedelta(days=7)}
_SURE = 1e-3
_LEAST_CYCLES = 4
_LEAST_STEPS = 4
_LEAST_SHARE = 0.75
_HARMONICS = 2
_DAY_PHASES = 24
_DAY_PHASES_OF_A_WEEK = 4


def seasons(values: Floats, interval: timedelta) -> tuple[Season, ...]:
    """The cycles that a tag follows, day before week.

    Each whole cycle gives its own amplitude and phase; where those agree from cycle to cycle more than chance
    lets them, the cycle is real (T²circ, Victor and Mast 1991). Slow wandering has another phase in each cycle.

    Args:
        values: on a regular grid (rows,), NaN where a row doesn't count.
        interval: from row to row.
    """
    return tuple(name for name, period in PERIODS.items() if _follows(values, period / interval))


def phases(timestamps: pl.Series, followed: tuple[Season, ...], zone: str) -> np.ndarray:
    """The phase of each row, from 0; all 0 where nothing is followed. Days begin at the zone's midnight."""
    local = timestamps.dt.convert_time_zone(zone)
    found = np.zeros(len(timestamps), dtype=np.intp)
    if "week" in followed:
        found = local.dt.weekday().to_numpy().astype(np.intp) - 1
    if "day" in followed:
        count = _DAY_PHASES_OF_A_WEEK if "week" in followed else _DAY_PHASES
        found = found * count + local.dt.hour().to_numpy().astype(np.intp) * count // 24
    return found


def _follows(values: Floats, steps: float) -> bool:
    length = round(steps)
    if abs(steps - length) > 1e-9 or length < _LEAST_STEPS:
        return False
    cycles = len(values) // length
    if cycles < _LEAST_CYCLES:
        return False
    table = values[: cycles * length].reshape(cycles, length)
    healthy = np.isfinite(table)
    enough = healthy.mean(axis=1) >= _LEAST_SHARE
    if enough.sum() < _LEAST_CYCLES:
        return False
    table, healthy = table[enough], healthy[enough]
    centred = np.where(healthy, table - np.nanmean(table, axis=1, keepdims=True), 0.0)
    angles = np.exp(-2j * np.pi * np.outer(np.arange(length), np.arange(1, _HARMONICS + 1)) / length)
    return bool(min(map(_by_chance, (centred @ angles).T)) < _SURE / _HARMONICS)


def _by_chance(amplitudes: np.ndarray) -> float:
    """How probable it is that cycles of no common phase agree so much."""
    count = len(amplitudes)
    mean = amplitudes.mean()
    spread = float(np.sum(np.abs(amplitudes - mean) ** 2))
    if spread <= 0:
        return 1.0 if abs(mean) == 0 else 0.0
    # The F distribution with 2 and 2 (count - 1) degrees of freedom.
    return float((1.0 + count * abs(mean) ** 2 / spread) ** (1 - count))
