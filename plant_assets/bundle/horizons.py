"""Probabilities of several horizons, put in order: an alarm that starts within 1 h starts within 3 h too.

Belongs here: the one correction that training judges and serving answers with (docs/decisions/0024-horizons.md).
Doesn't belong here: which models are asked.
"""

import numpy as np

from plant_assets.features.arrays import Floats


def order_horizons(probabilities: Floats) -> Floats:
    """The nearest probabilities that never fall from a horizon to a longer one; those in order stay as they are.

    Isotonic regression over the horizons with equal weights: what pool-adjacent-violators finds, by its max-min
    formula (Robertson, Wright & Dykstra 1988). Whether alarms start within 1, 3 and 6 h is in order itself, so the
    sum of the squared errors of a row's probabilities never grows.

    Args:
        probabilities: (horizons, rows), the nearest horizon first; NaN makes its row NaN.

    >>> order_horizons(np.array([[0.5, 0.125], [0.25, 0.25], [0.75, 0.5]])).tolist()
    [[0.375, 0.125], [0.375, 0.25], [0.75, 0.5]]
    """
    given = np.asarray(probabilities, dtype=np.float64)
    count, rows = given.shape
    if (np.diff(given, axis=0) >= 0).all():
        return given.copy()
    ordered = np.full((count, rows), -np.inf)
    for first in range(count):
        stretches = given[first:].cumsum(axis=0) / np.arange(1, count - first + 1)[:, None]
        # From each horizon on the least mean of a stretch that begins at `first`: it never falls, nor does its maximum.
        least = np.minimum.accumulate(stretches[::-1], axis=0)[::-1]
        ordered[first:] = np.maximum(ordered[first:], least)
    in_order = (np.diff(given, axis=0) >= 0).all(axis=0)
    return np.where(in_order, given, ordered)
