"""What a forecaster is asked: does an alarm start within h, and is there an alarm in h."""

import numpy as np
from numpy.typing import ArrayLike

from plant_assets.features.arrays import Floats


def onset_target(label: ArrayLike, steps: int) -> Floats:
    """1 where an alarm starts within the next `steps` rows, 0 where none does, NaN where not asked.

    A row is asked only if it's not in alarm now and the next `steps` rows are known (or one of those
    that are known starts an alarm already).

    Args:
        label: 0/1 per row in time order, no missing interval; NaN counts as not known.
        steps: the horizon in rows, at least 1.
    """
    now = np.asarray(label, dtype=np.float64)
    ahead = _ahead(now, steps)
    starts = (ahead == 1).any(axis=1)
    known = ~np.isnan(ahead).any(axis=1)
    target = np.where(starts, 1.0, np.where(known, 0.0, np.nan))
    target[now != 0] = np.nan
    return target


def ahead_target(label: ArrayLike, steps: int) -> Floats:
    """The label `steps` rows later, NaN beyond the end. It mostly measures that a state persists."""
    return _ahead(np.asarray(label, dtype=np.float64), steps)[:, -1]


def _ahead(label: Floats, steps: int) -> Floats:
    """Rows t+1 … t+steps beside each row t; shape `[rows, steps]`."""
    if steps < 1:
        raise ValueError(f"expected a horizon of at least one row, got {steps}")
    padded = np.concatenate([label, np.full(steps, np.nan)])
    return np.lib.stride_tricks.sliding_window_view(padded, steps)[1 : len(label) + 1]
