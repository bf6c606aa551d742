"""The definitions of docs/features.md in exact arithmetic: slow, plain, and unlike either evaluator."""

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import median

from plant_assets.features.spec import LARGEST, FeatureSpec


def feature(values: Sequence[float | None], spec: FeatureSpec) -> float | None:
    """The feature at the last of `values`."""
    known = [None if v is None or not abs(v) <= LARGEST else Fraction(v) for v in values]
    padded = [None] * spec.rows + known
    if spec.kind == "value":
        return _float(known[-1])
    if spec.kind == "difference":
        earlier = padded[-1 - spec.steps]
        return None if known[-1] is None or earlier is None else float(known[-1] - earlier)
    window = [(i, v) for i, v in enumerate(padded[-spec.steps :]) if v is not None]
    if len(window) < spec.min_valid:
        return None
    return _over_window([i for i, _ in window], [v for _, v in window], known[-1], spec)


def _over_window(
    times: list[int], x: list[Fraction], newest: Fraction | None, spec: FeatureSpec
) -> float | None:
    n = len(x)
    mean = sum(x) / n
    match spec.kind:
        case "mean":
            return float(mean)
        case "std":
            return _root(sum((v - mean) ** 2 for v in x) / (n - 1))
        case "range":
            return float(max(x) - min(x))
        case "median_deviation":
            return None if newest is None else float(newest - median(x))
        case "exceedance":
            return float(sum(_excess(v, spec) for v in x) / n)
        case "slope_to_limit":
            return None if newest is None else _share(_slope(times, x, mean), newest, spec)
    raise AssertionError(spec.kind)


def _excess(value: Fraction, spec: FeatureSpec) -> Fraction:
    above = value - Fraction(spec.high) if spec.high is not None else Fraction(0)
    below = Fraction(spec.low) - value if spec.low is not None else Fraction(0)
    return max(above, below, Fraction(0))


def _slope(times: list[int], x: list[Fraction], mean: Fraction) -> Fraction:
    middle = Fraction(sum(times), len(times))
    spread = sum((t - middle) ** 2 for t in times)
    return sum(((t - middle) * (v - mean) for t, v in zip(times, x, strict=True)), Fraction(0)) / spread


def _share(slope: Fraction, newest: Fraction, spec: FeatureSpec) -> float:
    limit = spec.high if slope > 0 else spec.low
    if limit is None or slope == 0:
        return 0.0
    distance = Fraction(limit) - newest if slope > 0 else newest - Fraction(limit)
    way = slope * Fraction(spec.steps_per_hour) / max(distance, Fraction(spec.shortest_distance))
    return float(max(Fraction(-1), min(Fraction(1), way)))


def _root(variance: Fraction) -> float:
    return math.sqrt(variance)


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
