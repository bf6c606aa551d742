"""From a tag's values to what can be true, what is normal, and what is wrong with the instrument.

Belongs here: numbers of one tag's values. Doesn't belong here: numbers in time (`sampling.py`).
"""

import math
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from plant_assets.features.arrays import Floats

Ends = tuple[float | None, float | None]
_DISCRETE = 20
_AT_END, _MOSTLY = 0.03, 0.5
_END, _NARROW, _OFTEN = 0.02, 0.05, 3
_FROZEN_SHARE = 0.3
_PERCENT = (-10.0, 120.0)
_AWAY = 10
"""How far beyond what was seen a value may lie, in times of the span or of the largest value, whichever is wider.

An export of quiet operation says little of what can be true (a bad bearing's vibration rises tenfold), and what lies
outside is dropped before any model sees it: docs/decisions/0017."""
_LOWEST_CODE = -998.0


@dataclass(frozen=True, slots=True)
class ValueBands:
    """What a tag's values say of it.

    Attributes:
        range: what can be true; outside is bad data.
        range_why: where it comes from.
        normal: the band of normal operation; None where the values tell none.
        saturation: ends that the instrument reads instead of the process.
        suggested: limits LL, L, H and HH by quantiles, for a comment.
        used: whether features are built from it.
        state: whether it is on and off, told by 0 and 1 alone.
        flags: what is odd about it, for people.
    """

    range: tuple[float, float]
    range_why: str
    normal: tuple[float, float] | None = None
    saturation: Ends = (None, None)
    suggested: tuple[float, float, float, float] | None = None
    used: bool = True
    state: bool = False
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class _Told:
    saturation: Ends = (None, None)
    mostly: bool = False
    flags: list[str] = field(default_factory=list)


def find_bands(records: pl.DataFrame, role: str, unit: str) -> ValueBands:
    """Range, normal band, saturation and flags of one tag.

    Args:
        records: of the tag alone, `timestamp` and finite `value` in time order.
        role: set points and outputs may rest at their ends.
        unit: percentages have ends of their own.
    """
    known = records["value"].to_numpy()
    low, high = float(known.min()), float(known.max())
    if low == high:
        constant = f"constant at {low:g}" if len(known) > 1 else f"one value only, {low:g}"
        return ValueBands(_possible(low, high), "around the only value seen", used=False, flags=(constant,))
    span = high - low
    ends, why = _possible(low, high), f"seen {low:.6g} to {high:.6g}; only what is far from it can't be true"
    if unit == "%" and low >= _PERCENT[0] and high <= _PERCENT[1]:
        ends, why = _PERCENT, f"of a percentage; seen {low:.6g} to {high:.6g}"
    state = role == "indicator" and bool(np.isin(known, (0.0, 1.0)).all())
    told = _saturation(known) if role in ("indicator", "pv") else _Told()
    q = np.quantile(known, [0.001, 0.01, 0.05, 0.95, 0.99, 0.999])
    return ValueBands(
        ends,
        why,
        normal=_band(q[2], q[3], span),
        saturation=told.saturation,
        suggested=None if state else _limits(q, span),
        used=role != "sp" and not told.mostly,
        state=state,
        flags=(*told.flags, *(_frozen(records) if role != "sp" and not state else [])),
    )


def _possible(low: float, high: float) -> tuple[float, float]:
    """Ends of what can be true of a tag that was seen between two values.

    Of one that was never negative, numbers such as -999 that stand for a fault are outside.
    """
    away = _AWAY * max(high - low, abs(low), abs(high), 1.0 if low == high else 0.0)
    bottom, top = _outward(low - away, high + away)
    return (max(bottom, _LOWEST_CODE) if low >= 0 else bottom), top


def _saturation(values: Floats) -> _Told:
    """Ends at which values pile up: most of them within a narrow span, or the very end far more often than its neighbour.

    Zero is where things stand still, and no fault.
    """
    told = _Told()
    low, high = float(values.min()), float(values.max())
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= _DISCRETE:
        return told
    span = high - low
    ends: list[float | None] = [None, None]
    for side, end, word in ((0, low, "lower"), (1, high, "upper")):
        near = float((np.abs(values - end) <= _END * span).mean())
        at = float(counts[-side]) / len(values)
        stands_out = _AT_END <= at < _MOSTLY and counts[-side] >= _OFTEN * counts[1 - 3 * side]
        mostly = near >= _MOSTLY and span <= _NARROW * abs(end)
        if end == 0 or not (mostly or stands_out):
            continue
        inner = end + (1 - 2 * side) * _END * span if mostly else end
        ends[side] = _short(inner, span)
        share = near if mostly else at
        told.flags.append(f"saturated at its {word} end: {share:.0%} of the values are there")
        told.mostly = told.mostly or mostly
    told.saturation = (ends[0], ends[1])
    return told


def _frozen(records: pl.DataFrame) -> list[str]:
    """A flag where one value repeats over much of the time."""
    runs = (
        records.with_columns(run=pl.col("value").rle_id())
        .group_by("run")
        .agg(
            pl.col("value").first(),
            start=pl.col("timestamp").min(),
            end=pl.col("timestamp").max(),
        )
        .with_columns(lasted=pl.col("end") - pl.col("start"))
    )
    whole = records["timestamp"].max() - records["timestamp"].min()  # pyright: ignore[reportOperatorIssue]
    longest = runs.sort("lasted", descending=True).row(0, named=True)
    if not isinstance(whole, timedelta) or not whole or longest["lasted"] / whole < _FROZEN_SHARE:
        return []
    return [
        f"frozen at {longest['value']:g} from {longest['start']:%Y-%m-%d %H:%M} to {longest['end']:%Y-%m-%d %H:%M} UTC"
    ]


def _limits(q: Floats, span: float) -> tuple[float, float, float, float]:
    low, more_low, more_high, high = (_short(float(v), span) for v in (q[0], q[1], q[4], q[5]))
    return (low, more_low, more_high, high)


def _band(low: float, high: float, span: float) -> tuple[float, float] | None:
    band = (_short(float(low), span), _short(float(high), span))
    return band if band[0] < band[1] else None


def _short(value: float, span: float) -> float:
    """A number with as many digits as its tag's span deserves: a thousandth of it."""
    digits = 3 - math.floor(math.log10(span)) if span > 0 else 6
    return round(value, min(max(digits, -300), 300)) + 0.0


def _outward(low: float, high: float) -> tuple[float, float]:
    """Ends on two digits of their distance, outside of what was given."""
    step = 10.0 ** (math.floor(math.log10(high - low)) - 1)
    ends = (math.floor(low / step) * step, math.ceil(high / step) * step)
    digits = min(max(-math.floor(math.log10(step)), 0), 300)
    found = (round(ends[0], digits) + 0.0, round(ends[1], digits) + 0.0)
    return found if found[0] < found[1] and all(map(math.isfinite, found)) else (low, high)
