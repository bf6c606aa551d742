"""How far two samples lie apart: the population stability index and the Kolmogorov-Smirnov distance.

Belongs here: the distances of weighted samples. Doesn't belong here: how large they come by chance
(`significance.py`), which rows are compared (`judge.py`).
"""

import numpy as np

from plant_assets.features.arrays import Floats

BINS = 10


def quantiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """The smallest values below or at which the given shares of the weight lie.

    Args:
        values: (rows,), without NaN.
        weights: (rows,), not negative, some positive.
        shares: (any,), each between 0 and 1.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, shares * reached[-1] * (1 - 1e-12), side="left")
    return values[order][np.minimum(places, len(values) - 1)]


def edges(values: Floats, weights: Floats) -> Floats:
    """The inner limits of the bins that PSI counts in: deciles, each once; of a constant its value and just below."""
    found = np.unique(quantiles(values, weights, np.arange(1, BINS) / BINS))
    if len(found) == 1:
        found = np.array([np.nextafter(found[0], -np.inf), found[0]])
    return found


def shares(values: Floats, weights: Floats, limits: Floats) -> Floats:
    """Share of the weight in each bin, upper limits included: (limits + 1,), positive, of sum 1.

    Half a row more in each bin keeps empty ones from an infinite index.
    """
    counted = np.bincount(
        np.searchsorted(limits, values, side="left"), weights, minlength=len(limits) + 1
    ) * (len(values) / weights.sum())
    return (counted + 0.5) / (len(values) + 0.5 * len(counted))


def psi(reference: Floats, compared: Floats) -> float:
    """Population stability index of two tables of shares: sum of (q - p) ln(q / p), 0 where they are alike.

    Source: Jeffreys (1946), the symmetric Kullback-Leibler divergence; as an index of scorecards Siddiqi (2006).
    """
    return float(np.sum((compared - reference) * np.log(compared / reference)))


def ks(reference: Floats, weights: Floats, compared: Floats, compared_weights: Floats) -> float:
    """Largest distance of two weighted distribution functions, between 0 and 1 (Smirnov 1948)."""
    both = np.concatenate([reference, compared])
    signed = np.concatenate([weights / weights.sum(), -compared_weights / compared_weights.sum()])
    order = np.argsort(both, kind="stable")
    last_of_ties = np.append(np.diff(both[order]) > 0, True)
    return float(np.abs(np.cumsum(signed[order])[last_of_ties]).max())


def shift(reference: Floats, weights: Floats, compared: Floats, compared_weights: Floats) -> float:
    """How far the compared mean lies from the reference's, in its standard deviations; infinite off a constant."""
    mean = np.average(reference, weights=weights)
    spread = float(np.sqrt(np.average(np.square(reference - mean), weights=weights)))
    moved = float(np.average(compared, weights=compared_weights) - mean)
    if spread > 1e-12 * max(abs(float(mean)), 1e-300):
        return abs(moved) / spread
    return 0.0 if abs(moved) <= 1e-12 * abs(float(mean)) else float("inf")
