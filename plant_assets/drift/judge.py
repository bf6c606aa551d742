"""Whether one tag or score has drifted: the newest stretch held against the rows that the model learned from.

Belongs here: the comparison of one series. Doesn't belong here: the plant's tags and stretches (`plant.py`).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl

from plant_assets.drift.distances import edges, ks, psi, quantiles, shares, shift
from plant_assets.drift.seasons import Season, phases, seasons
from plant_assets.drift.significance import EffectiveRows, effective_rows
from plant_assets.features.arrays import Floats

State = Literal["steady", "drift", "instrument", "too_few"]
LEAST_EFFECTIVE_ROWS = 4.0
_LEAST_SHIFT = 3.0
"""Standard deviations: means tell far steps of slow tags, which ranks can't; for nearer ones ranks are more robust."""
_MOST_ROWS = 50_000
_MEDIAN = np.array([0.5])


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """What counts as drift.

    Attributes:
        psi: least population stability index that matters.
        ks: least Kolmogorov-Smirnov distance that matters.
        false_alarms: probability with which a series that hasn't changed may be called drifted.
        min_rows: rows of the compared stretch that must count.
    """

    psi: float
    ks: float
    false_alarms: float
    min_rows: int


@dataclass(frozen=True, slots=True)
class RegularSeries:
    """A tag or score on its regular grid, one row an interval.

    Attributes:
        timestamps: ascending, in UTC.
        values: float, null or NaN where there is none.
        trusted: Boolean, false where the instrument can't be trusted.
    """

    timestamps: pl.Series
    values: pl.Series
    trusted: pl.Series

    def counting_values(self) -> Floats:
        """Values, NaN where a row doesn't count."""
        found = self.values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.where(np.isfinite(found) & self.trusted.to_numpy(), found, np.nan)

    def every_nth(self, step: int) -> "RegularSeries":
        return RegularSeries(
            *(part.gather_every(step) for part in (self.timestamps, self.values, self.trusted))
        )


@dataclass(frozen=True, slots=True)
class DriftResult:
    """What became of one series.

    Attributes:
        state: `instrument` where too few rows can be trusted, `too_few` where too few are there or they hang
            together too much.
        psi, ks, shift: the distances; ks is the larger one of value and spread, shift that of the means in standard
            deviations of the reference. None where nothing was compared.
        ks_limit, shift_limit: what one of the two had to reach; the profile's least distance, or chance's.
        rows, reference_rows: that count.
        untrusted: rows of the compared stretch that don't, because of their instrument.
        effective_rows: independent rows that equal the compared ones in information.
        seasons: the cycles of which same phases were compared.
        limits, shares, reference_shares: bins, and what part of each sample lies in them.
    """

    state: State
    rows: int
    reference_rows: int
    untrusted: int = 0
    psi: float | None = None
    ks: float | None = None
    ks_limit: float | None = None
    shift: float | None = None
    shift_limit: float | None = None
    effective_rows: float | None = None
    seasons: tuple[Season, ...] = ()
    limits: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    reference_shares: tuple[float, ...] = ()


def judge(
    reference: RegularSeries,
    compared: RegularSeries,
    limits: DriftLimits,
    *,
    interval: timedelta,
    zone: str = "UTC",
) -> DriftResult:
    """Hold a stretch against a reference; it drifts where PSI matters, and chance explains KS or the means' shift not.

    Where the reference follows the day or the week, each phase weighs as much as in the compared stretch, so that
    a night is held against nights.

    Args:
        reference: rows that the model learned from.
        compared: rows after them.
        limits: what counts as drift.
        interval: from row to row.
        zone: in which days begin.
    """
    step = -(-len(reference.timestamps) // _MOST_ROWS)
    if step > 1:
        reference, compared, interval = reference.every_nth(step), compared.every_nth(step), interval * step
    old, new = reference.counting_values(), compared.counting_values()
    rows, known = int(np.isfinite(new).sum()), int(np.isfinite(old).sum())
    untrusted = int((~compared.trusted).sum())
    least = max(2, limits.min_rows // step)
    if rows < least or known < least:
        instrument = len(new) >= least and len(old) >= least
        return DriftResult("instrument" if instrument else "too_few", rows, known, untrusted)
    followed = seasons(old, interval)
    old_phases, new_phases = (phases(s.timestamps, followed, zone) for s in (reference, compared))
    weights, new_weights = _weights(np.isfinite(old), old_phases, np.isfinite(new), new_phases)
    if np.count_nonzero(new_weights) < least:
        return DriftResult("too_few", rows, known, untrusted, seasons=followed)
    effective = effective_rows(np.where(weights > 0, old, np.nan), weights, new_weights, old_phases)
    parts = old[weights > 0], weights[weights > 0], new[new_weights > 0], new_weights[new_weights > 0]
    return _measure(parts, effective, limits, DriftResult("steady", rows, known, untrusted, seasons=followed))


def _measure(
    parts: tuple[Floats, Floats, Floats, Floats],
    effective: EffectiveRows,
    limits: DriftLimits,
    found: DriftResult,
) -> DriftResult:
    old, weights, new, new_weights = parts
    bins = edges(old, weights)
    before, now = shares(old, weights, bins), shares(new, new_weights, bins)
    middle = quantiles(old, weights, _MEDIAN)[0]
    distance = max(
        ks(old, weights, new, new_weights),
        ks(np.abs(old - middle), weights, np.abs(new - middle), new_weights),
    )
    index = psi(before, now)
    moved = shift(old, weights, new, new_weights)
    # Two distances are looked at, so each has half of the false alarms; a shift so far hardly comes by chance.
    each = limits.false_alarms / 2
    limit, shift_limit = (
        max(limits.ks, effective.ks_limit(each)),
        max(_LEAST_SHIFT, effective.shift_limit(each)),
    )
    far = distance >= limit and effective.compared >= LEAST_EFFECTIVE_ROWS
    drifts = index >= limits.psi and (far or moved >= shift_limit)
    few = effective.compared < LEAST_EFFECTIVE_ROWS
    return replace(
        found,
        state="drift" if drifts else "too_few" if few else "steady",
        psi=index,
        ks=distance,
        ks_limit=limit,
        shift=moved,
        shift_limit=shift_limit,
        effective_rows=effective.compared,
        limits=tuple(map(float, bins)),
        shares=tuple(map(float, now)),
        reference_shares=tuple(map(float, before)),
    )


def _weights(
    old: np.ndarray, old_phases: np.ndarray, new: np.ndarray, new_phases: np.ndarray
) -> tuple[Floats, Floats]:
    """Weights of both stretches' rows, such that each phase weighs alike in both; 0 for rows that don't count."""
    count = int(max(old_phases.max(), new_phases.max())) + 1
    before, now = (np.bincount(p[h], minlength=count) for p, h in ((old_phases, old), (new_phases, new)))
    in_both = (before > 0) & (now > 0)
    factor = np.where(in_both, now / np.maximum(before, 1), 0.0)
    return np.where(old, factor[old_phases], 0.0), np.where(new & in_both[new_phases], 1.0, 0.0)
