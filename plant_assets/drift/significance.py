"""How large distances come by chance where neighbouring rows hang together.

Belongs here: the variance of distribution functions of autocorrelated rows, and the limits that follow.
Doesn't belong here: the distances themselves (`distances.py`).

Readings of a plant repeat themselves from row to row: a week of hourly rows may hold as much as nine independent ones, and
the textbook limit would call every second week a drift. For a stationary series the variance of a share of rows
is p(1 - p) / n times the sum of the autocorrelations of "the row is below x" (Billingsley 1968, section 22); here
that sum is estimated on the reference and put in place of the number of rows. What wanders slowly beneath fast noise
hides from that sum, so the shares of the reference's own stretches of the compared length are looked at too
(overlapping batch means, Meketon and Schmeiser 1984), and the larger variance counts.
"""

from dataclasses import dataclass

import numpy as np

from plant_assets.drift.distances import quantiles
from plant_assets.features.arrays import Floats

_PROBES = np.arange(1, 10) / 10
_LAGS_PER_TIME = 10.0
_ROUNDS = 5
_FREEDOM_A_STRETCH = 6.0
"""Chosen by simulation (docs/drift.md): fewer find less, more find weeks that only hold rare events."""


@dataclass(frozen=True, slots=True)
class EffectiveRows:
    """Effective sample sizes of the two samples.

    Attributes:
        freedom: degrees of freedom of that estimate.
    """

    reference: float
    compared: float
    freedom: float = float("inf")

    def ks_limit(self, false_alarms: float) -> float:
        """The distance that is exceeded by chance with the given probability; above 1 where none can tell.

        Source: Kolmogorov's distribution with Stephens' (1970) correction for few rows; widened as Student's
        distribution is wider than the normal one, as the variance is an estimate itself.
        """
        from scipy.special import kolmogi, ndtri

        root = 1.0 / self._spread
        wider = self._student(false_alarms) / ndtri(1.0 - false_alarms / 2)
        return float(wider * kolmogi(false_alarms) / (root + 0.12 + 0.11 / root))

    def shift_limit(self, false_alarms: float) -> float:
        """How far means may lie apart by chance, in standard deviations of the reference.

        A distance of ranks can't tell a far step of a slow tag from a near one; their means can.
        """
        return self._student(false_alarms) * self._spread

    @property
    def _spread(self) -> float:
        return float(np.sqrt(1.0 / self.reference + 1.0 / self.compared))

    def _student(self, false_alarms: float) -> float:
        from scipy.special import stdtrit

        return float(stdtrit(max(self.freedom, 1.0), 1.0 - false_alarms / 2))


def effective_rows(
    values: Floats, weights: Floats, compared_weights: Floats, phases: np.ndarray
) -> EffectiveRows:
    """Effective rows of two stretches, from how the reference's rows hang together.

    Args:
        values: reference on its regular grid (rows,), NaN where a row doesn't count.
        weights: of the reference's rows, 0 where one doesn't count.
        compared_weights: of the compared stretch on its grid.
        phases: of the reference's rows, from 0; rows are held against the mean of their phase.
    """
    healthy = np.isfinite(values)
    lags = _lag_counts(weights), _lag_counts(compared_weights)
    known, of_phase = values[healthy], phases[healthy]
    limits = np.unique(quantiles(known, weights[healthy], _PROBES))
    factors = [_factors(known <= limit, healthy, of_phase, lags) for limit in limits]
    usable = [pair for pair in factors if pair is not None]
    if not usable:  # a constant hangs together with nothing
        return EffectiveRows(_rows(weights), _rows(compared_weights))
    first, second, seen = np.mean(usable, axis=0)
    larger = max(1.0, seen / second)
    learned = float(1.0 / (first * larger))
    freedom = min(learned, _FREEDOM_A_STRETCH * len(values) / len(compared_weights))
    return EffectiveRows(learned, float(1.0 / (second * larger)), freedom)


def _rows(weights: Floats) -> float:
    return float(weights.sum() ** 2 / np.square(weights).sum())


def _factors(
    below: np.ndarray, healthy: np.ndarray, phases: np.ndarray, lags: tuple[Floats, Floats]
) -> tuple[float, float, float] | None:
    """Variance of the share of rows below a limit, as a part of p(1 - p).

    By the autocorrelations for both stretches, and as seen among the reference's stretches of the compared length.
    """
    share = below.mean()
    if not 0.0 < share < 1.0:
        return None
    rows, seasons = np.bincount(phases), np.bincount(phases, below)
    residual = np.zeros(len(healthy))
    residual[healthy] = below - (seasons / np.maximum(rows, 1))[phases]
    covariance = _autocovariance(residual, healthy)
    if covariance[0] <= 0:
        return None
    rho, inflation = _unbiased_autocorrelations(covariance / covariance[0])
    lost = len(phases) / max(len(phases) - np.count_nonzero(rows), 1)
    whole = share * (1.0 - share)
    scale = inflation * lost * covariance[0] / whole
    first, second = (_variance(counts, rho) for counts in lags)
    return scale * first, scale * second, _batch_variance(residual, healthy, len(lags[1])) / whole


def _autocovariance(residual: Floats, healthy: np.ndarray) -> Floats:
    """Mean product of rows that lie k apart, over those pairs of which both rows count."""
    products, pairs = _lagged_products(residual), _lagged_products(healthy.astype(np.float64))
    return products / np.maximum(pairs, 1.0)


def _unbiased_autocorrelations(rho: Floats) -> tuple[Floats, float]:
    """Autocorrelations up to where they stop to count, and how much the variance was underestimated.

    Sums end at ten times the correlation time (Sokal 1997, section 3). Subtracting the sample's own mean lowers each
    autocovariance by the mean's variance (Bartlett 1946); it is added again, in a few rounds.
    """
    rows, added, end = len(rho), 0.0, 1
    lag = np.arange(1, rows)
    for _ in range(_ROUNDS):
        raised = (rho + added) / (1.0 + added)
        time = 1.0 + 2.0 * np.cumsum(raised[1:])
        enough = np.flatnonzero(lag >= _LAGS_PER_TIME * time)
        end = int(enough[0]) + 1 if len(enough) else rows - 1
        part = min(max(time[end - 1], 0.0) / rows, 0.5)
        added = part / (1.0 - part)
    return ((rho + added) / (1.0 + added))[: end + 1], 1.0 + added


def _lag_counts(weights: Floats) -> Floats:
    """Products of weights k rows apart, summed; as parts of the squared sum of weights."""
    return _lagged_products(weights) / weights.sum() ** 2


def _lagged_products(values: Floats) -> Floats:
    """Sum of products of values that lie k rows apart, for each k."""
    size = 1 << (2 * len(values) - 1).bit_length()
    return np.fft.irfft(np.abs(np.fft.rfft(values, size)) ** 2, size)[: len(values)]


def _variance(counts: Floats, rho: Floats) -> float:
    """Variance of a weighted mean of rows with these autocorrelations; never below a thousandth of independent rows'."""
    end = min(len(counts), len(rho))
    total = counts[0] + 2.0 * float(counts[1:end] @ rho[1:end])
    return max(total, 1e-3 * float(counts[0]))


def _batch_variance(residual: Floats, healthy: np.ndarray, length: int) -> float:
    """Variance of the mean of a stretch of some length, among those of the reference; 0 where it is no longer itself.

    The stretches' means are held against the whole reference's, which follows them: by the share that it is longer.
    """
    rows = len(residual)
    if length >= rows:
        return 0.0
    sums, counts = (np.concatenate([[0.0], np.cumsum(x)]) for x in (residual, healthy))
    counted = counts[length:] - counts[:-length]
    means = (sums[length:] - sums[:-length]) / np.maximum(counted, 1.0)
    return float(np.average(np.square(means), weights=counted) / (1.0 - length / rows))
