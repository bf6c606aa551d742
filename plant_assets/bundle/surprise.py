"""How surprising a standardised score would be in a standard normal distribution, and back.

Belongs here: both ways and the slope, as training, answers and explanations use them. They read one table, so that they are
inverse to each other and cost no more than a look.
"""

import math

import numpy as np

from plant_assets.features.arrays import Floats

_ROOT = math.sqrt(2.0)
_LOG_ROOT = math.log(2.0 * math.pi) / 2.0
_FAR = 30.0
"""Above it the complementary error function runs out of numbers, and Mills' series is exact to 1e-11."""


def _surprise(deviation: float) -> float:
    if deviation < 0:
        return -math.log1p(-math.erfc(-deviation / _ROOT) / 2.0)
    if deviation < _FAR:
        return -math.log(math.erfc(deviation / _ROOT) / 2.0)
    inverse = deviation**-2
    series = math.log1p(-inverse * (1.0 - inverse * (3.0 - 15.0 * inverse)))
    return deviation**2 / 2.0 + math.log(deviation) + _LOG_ROOT - series


_DEVIATIONS = np.linspace(-10.0, 60.0, 7001)
_SURPRISES = np.array([_surprise(deviation) for deviation in _DEVIATIONS.tolist()])


def surprise(deviations: Floats) -> Floats:
    """-log P(Z >= deviation) of a standard normal Z, in nats: 0.7 at 0, 3.8 at 2, 15 at 5; any shape.

    Beyond -10 and 60 it stays as it is there; between, the table is off by 1e-5 at most. Weighted means of it weigh as
    Fisher (1932, Statistical Methods for Research Workers) weighs several tests of one question: one that is far out
    leads, and many that are a little high add up.
    """
    return np.interp(deviations, _DEVIATIONS, _SURPRISES)


def deviation(surprises: Floats) -> Floats:
    """The deviation that is as surprising: the inverse of `surprise`."""
    return np.interp(surprises, _SURPRISES, _DEVIATIONS)


def surprise_slope(deviations: Floats) -> Floats:
    """Derivative of `surprise`: the normal distribution's hazard rate, near the deviation itself where that is large."""
    return np.exp(surprise(deviations) - deviations**2 / 2.0 - _LOG_ROOT)


def mean_deviation(deviations: Floats, weights: Floats) -> Floats:
    """The deviation whose surprise is the weighted mean of several ones'; (rows,).

    Args:
        deviations: (members, rows).
        weights: (members,), of sum 1.
    """
    return deviation(weights @ surprise(deviations))
