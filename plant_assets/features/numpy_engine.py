"""The feature kernel for live readings: the newest row of a window, in NumPy.

All windows of one kind are evaluated together; `polars_engine` defines the same features for histories.
Nothing here imports Polars, and 240 features cost tens of microseconds. Arrays are laid out by source and
age (newest first), so that a window is a prefix, and prefix sums serve all windows of a kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import LARGEST, FeatureSpec, look_back


class NewestRow:
    """Features of the newest row of a window.

    Args:
        specs: what to compute, in the order of the result.
        sources: names of the window's columns.

    Raises:
        FeatureError: a spec's source is not among `sources`, or its kind is unknown.
    """

    def __init__(self, specs: Sequence[FeatureSpec], sources: Sequence[str]) -> None:
        _check(specs, sources)
        self.names = [spec.name for spec in specs]
        self.rows = look_back(specs)
        self._columns = len(sources)
        self._groups: list[_Group] = []
        self._order = np.zeros(len(specs), dtype=np.intp)
        offset = 0
        for members in _alike(specs):
            group, cells = _group([specs[i] for i in members], sources)
            self._order[members] = [offset + cell for cell in cells]
            self._groups.append(group)
            offset += len(group.low) * len(group.steps)

    def __call__(self, window: Floats) -> Floats:
        """Evaluate.

        Args:
            window: shape (rows, sources), in time order, the newest last; NaN, infinite and absurd
                (beyond 1e100) values are missing; rows before the window count as missing too.

        Returns:
            Shape (specs,); NaN where the window holds fewer than `spec.min_valid` values.

        Raises:
            FeatureError: the window's shape doesn't fit.
        """
        x, valid = self._by_age(window)
        if not self._groups:
            return np.empty(0)
        return np.concatenate([_evaluate(group, x, valid) for group in self._groups], axis=None)[self._order]

    def _by_age(self, window: Floats) -> tuple[Floats, Flags | None]:
        """Values by source and age; the mask of valid ones, or None where all are."""
        rows = np.asarray(window, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[0] == 0 or rows.shape[1] != self._columns:
            raise FeatureError(f"window: expected shape (rows, {self._columns}), got {rows.shape}")
        newest_first = rows[: -self.rows - 1 : -1].T
        if len(rows) >= self.rows:
            x = np.ascontiguousarray(newest_first)
        else:
            x = np.full((self._columns, self.rows), np.nan)
            x[:, : len(rows)] = newest_first
        valid = np.abs(x) <= LARGEST
        return (x, None) if valid.all() else (np.where(valid, x, np.nan), valid)


@dataclass(frozen=True, slots=True)
class _Group:
    """All specs of one kind: a table of sources (rows) by windows (columns).

    Limits and scales are columns of one value a source.
    """

    function: "Callable[[Floats, Flags | None, Index, _Group], Floats]"
    sources: Index | None
    steps: Index
    least: Index
    longest: int
    low: Floats
    high: Floats
    nearest: Floats
    per_hour: Floats
    slope_weights: Floats


def _check(specs: Sequence[FeatureSpec], sources: Sequence[str]) -> None:
    for spec in specs:
        if spec.source not in sources:
            raise FeatureError(f"{spec.name}: expected a source {spec.source!r} in the window")
        if spec.kind not in _FUNCTIONS:
            raise FeatureError(f"{spec.name}: no feature kind {spec.kind!r}")


def _alike(specs: Sequence[FeatureSpec]) -> list[list[int]]:
    """Positions of specs that share a kind, with one set of limits a source."""
    groups: dict[tuple[str, int], list[int]] = {}
    variants: dict[tuple[str, str], list[tuple[float | None, float | None, float]]] = {}
    for i, spec in enumerate(specs):
        seen = variants.setdefault((spec.kind, spec.source), [])
        limits = (spec.low, spec.high, spec.steps_per_hour)
        if limits not in seen:
            seen.append(limits)
        groups.setdefault((spec.kind, seen.index(limits)), []).append(i)
    return list(groups.values())


def _group(specs: Sequence[FeatureSpec], sources: Sequence[str]) -> tuple[_Group, list[int]]:
    """The group, and where in its flattened table each spec's value stands."""
    by_source = {spec.source: spec for spec in specs}
    lengths = {spec.steps: spec.min_valid for spec in sorted(specs, key=lambda s: s.steps)}
    used = [source for source in sources if source in by_source]
    first = [by_source[source] for source in used]
    longest = max(spec.rows for spec in specs)
    group = _Group(
        function=_FUNCTIONS[specs[0].kind],
        sources=None if used == list(sources) else np.array([list(sources).index(s) for s in used]),
        steps=np.array(list(lengths)),
        least=np.array(list(lengths.values())),
        longest=longest,
        low=np.array([[-np.inf if s.low is None else s.low] for s in first]),
        high=np.array([[np.inf if s.high is None else s.high] for s in first]),
        nearest=np.array([[s.shortest_distance] for s in first]),
        per_hour=np.array([[s.steps_per_hour] for s in first]),
        slope_weights=_slope_weights(list(lengths), longest),
    )
    column = {steps: i for i, steps in enumerate(lengths)}
    return group, [used.index(s.source) * len(lengths) + column[s.steps] for s in specs]


def _evaluate(group: _Group, x: Floats, valid: Flags | None) -> Floats:
    """Values of shape (sources, windows)."""
    x = x[:, : group.longest] if group.sources is None else x[group.sources, : group.longest]
    if valid is None:
        return group.function(x, None, group.steps, group)
    rows = slice(None) if group.sources is None else group.sources
    valid = valid[rows, : group.longest]
    if group.function in (_value, _difference):
        return group.function(x, valid, group.steps, group)
    count = valid.cumsum(axis=1)[:, group.steps - 1]
    value = group.function(x, valid, np.maximum(count, 1), group)
    return np.where(count >= group.least, value, np.nan)


def _value(x: Floats, _valid: Flags | None, _count: Index, _group: _Group) -> Floats:
    return x[:, :1]


def _difference(x: Floats, _valid: Flags | None, _count: Index, group: _Group) -> Floats:
    return x[:, :1] - x[:, group.steps]


def _mean(x: Floats, valid: Flags | None, count: Index, group: _Group) -> Floats:
    known = x if valid is None else np.where(valid, x, 0.0)
    return known.cumsum(axis=1)[:, group.steps - 1] / count


def _std(x: Floats, valid: Flags | None, count: Index, group: _Group) -> Floats:
    """From sums of squares about the newest value.

    As that value is in every window, the subtraction can't cancel: about it, the squared sum of n values
    is at most n - 1 times the sum of squares. A constant window gives exactly 0.
    """
    y = _from_newest(x, valid)
    at = group.steps - 1
    total = y.cumsum(axis=1)[:, at]
    squares = (y * y).cumsum(axis=1)[:, at]
    return np.sqrt((squares - total * total / count) / np.maximum(count - 1, 1))


def _range(x: Floats, _valid: Flags | None, _count: Index, group: _Group) -> Floats:
    at = group.steps - 1
    return np.fmax.accumulate(x, axis=1)[:, at] - np.fmin.accumulate(x, axis=1)[:, at]


def _median_deviation(x: Floats, valid: Flags | None, count: Index, group: _Group) -> Floats:
    medians = np.empty((len(x), len(group.steps)))
    for i, steps in enumerate(group.steps.tolist()):
        ordered = np.sort(x[:, :steps], axis=1)
        if valid is None:
            medians[:, i] = (ordered[:, (steps - 1) // 2] + ordered[:, steps // 2]) / 2.0
        else:
            n, rows = count[:, i], np.arange(len(x))
            medians[:, i] = (ordered[rows, (n - 1) // 2] + ordered[rows, n // 2]) / 2.0
    return x[:, :1] - medians


def _exceedance(x: Floats, valid: Flags | None, count: Index, group: _Group) -> Floats:
    excess = np.maximum(np.maximum(x - group.high, group.low - x), 0.0)
    return _mean(excess, valid, count, group)


def _slope_to_limit(x: Floats, valid: Flags | None, count: Index, group: _Group) -> Floats:
    y = _from_newest(x, valid)
    slope = y @ group.slope_weights if valid is None else _gapped_slope(y, valid, count, group)
    slope = slope * group.per_hour
    newest = x[:, :1]
    ahead = np.where(slope > 0, group.high - newest, newest - group.low)
    return np.minimum(np.maximum(slope / np.maximum(ahead, group.nearest), -1.0), 1.0)


def _gapped_slope(y: Floats, valid: Flags, count: Index, group: _Group) -> Floats:
    """Least-squares slope a row, from values about the newest one."""
    at = group.steps - 1
    time = np.where(valid, -np.arange(y.shape[1], dtype=np.float64), 0.0)
    times = time.cumsum(axis=1)[:, at]
    spread = (time * time).cumsum(axis=1)[:, at] - times * times / count
    product = (time * y).cumsum(axis=1)[:, at] - times * y.cumsum(axis=1)[:, at] / count
    return product / np.where(spread > 0, spread, 1.0)


def _slope_weights(lengths: Sequence[int], longest: int) -> Floats:
    """Weights by age (rows) and window (columns) whose product with the values is their slope a row."""
    weights = np.zeros((longest, len(lengths)))
    for i, steps in enumerate(lengths):
        time = (steps - 1) / 2.0 - np.arange(steps)
        weights[:steps, i] = time / max(time @ time, 0.5)
    return weights


def _from_newest(x: Floats, valid: Flags | None) -> Floats:
    """Values less the newest valid one, 0 where missing."""
    if valid is None:
        return x - x[:, :1]
    newest = x[np.arange(len(x)), valid.argmax(axis=1)]
    return np.where(valid, x - newest[:, None], 0.0)


_FUNCTIONS: dict[str, Callable[[Floats, Flags | None, Index, _Group], Floats]] = {
    "value": _value,
    "difference": _difference,
    "mean": _mean,
    "std": _std,
    "range": _range,
    "median_deviation": _median_deviation,
    "exceedance": _exceedance,
    "slope_to_limit": _slope_to_limit,
}
