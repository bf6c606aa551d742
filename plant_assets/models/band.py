"""How far a calibrated probability may be off, by calibrators of resampled days.

Belongs here: the draws. Doesn't belong here: fitting a calibrator, evaluating a band (`plant_assets.bundle.calibration`).
"""

from collections.abc import Callable

import numpy as np

from plant_assets.bundle.calibration import CalibrationBand
from plant_assets.features.arrays import Floats, Index
from plant_assets.models.calibration import PlattScaling, sigmoid

DRAWS = 200
KNOTS = 41
BEYOND = 3.0
"""The band goes on so far in log-odds beyond the probabilities that training saw."""
LEVEL = (0.05, 0.95)


def probability_band(
    calibrator: PlattScaling,
    scores: Floats,
    days: Index,
    refit: Callable[[Index, Floats], PlattScaling],
    *,
    seed: int,
    draws: int = DRAWS,
) -> CalibrationBand:
    """90 % band of a calibrated probability.

    Each draw takes days with replacement and moves the calibrator's prior by a draw from the prior itself. Days
    alone would leave the prior's own doubt out: where it leads, because events are few, their band holds the truth
    a third of the time (docs/explain.md).

    Args:
        calibrator: what answers.
        scores: of the rows that it was fitted on; (rows,).
        days: which day each row belongs to, ascending; (rows,).
        refit: a calibrator of some of these rows, its prior moved by (slope, intercept) in the prior's spreads.
        seed: of the draws.
        draws: calibrators.
    """
    random = np.random.default_rng(seed)
    blocks = np.split(np.arange(len(days)), np.flatnonzero(np.diff(days)) + 1)
    margins = calibrator.slope * scores + calibrator.intercept
    knots = np.linspace(margins.min() - BEYOND, margins.max() + BEYOND, KNOTS)
    at = (knots - calibrator.intercept) / calibrator.slope
    found = np.empty((draws, KNOTS))
    for draw in range(draws):
        taken = random.integers(0, len(blocks), len(blocks))
        drawn = refit(np.concatenate([blocks[block] for block in taken]), random.normal(size=2))
        found[draw] = drawn.slope * at + drawn.intercept
    low, high = np.quantile(found, LEVEL, axis=0)
    middle = sigmoid(knots)
    return CalibrationBand(
        probability=tuple(middle.tolist()),
        low=tuple(np.minimum(sigmoid(low), middle).tolist()),
        high=tuple(np.maximum(sigmoid(high), middle).tolist()),
    )
