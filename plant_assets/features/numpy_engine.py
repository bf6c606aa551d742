"""The feature kernel for live readings: the newest row of a window, in NumPy.

Specs of one kind and window are evaluated together; `polars_engine` defines the same features for
histories. Nothing here imports Polars: the scorer of one row costs tens of microseconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import LARGEST, FeatureSpec, look_back

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Group:
    """Specs of one kind and window, with their limits as arrays."""

    kind: str
    steps: int
    min_valid: int
    columns: npt.NDArray[np.intp]
    positions: npt.NDArray[np.intp]
    low: Floats
    high: Floats
    nearest: Floats
    per_hour: Floats


class NewestRow:
    """Features of the newest row of a window.

    Args:
        specs: what to compute, in the order of the result.
        sources: names of the window's columns.

    Raises:
        FeatureError: a spec's source is not among `sources`, or its kind is unknown.
    """

    def __init__(self, specs: Sequence[FeatureSpec], sources: Sequence[str]) -> None:
        self.names = [spec.name for spec in specs]
        self.rows = look_back(specs)
        self._sources = len(sources)
        self._groups = _grouped(specs, {source: i for i, source in enumerate(sources)})

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
        x = self._by_source(window)
        whole = bool(np.abs(x).max(initial=0.0) <= LARGEST) if x.shape[1] >= self.rows else False
        if not whole:
            x = self._padded(x)
        out = np.empty(len(self.names))
        evaluators = _WHOLE if whole else _GAPPED
        for group in self._groups:
            part = x[:, -group.steps :] if group.kind != "difference" else x[:, -group.steps - 1 :]
            out[group.positions] = evaluators[group.kind](part[group.columns], group)
        return out

    def _by_source(self, window: Floats) -> Floats:
        x = np.asarray(window, dtype=np.float64)
        if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] != self._sources:
            raise FeatureError(f"window: expected shape (rows, {self._sources}), got {x.shape}")
        return np.ascontiguousarray(x[-self.rows :].T)

    def _padded(self, x: Floats) -> Floats:
        full = np.full((x.shape[0], self.rows), np.nan)
        full[:, self.rows - x.shape[1] :] = x
        full[~(np.abs(full) <= LARGEST)] = np.nan
        return full


def _grouped(specs: Sequence[FeatureSpec], column: dict[str, int]) -> list[_Group]:
    members: dict[tuple[str, int], list[int]] = {}
    for i, spec in enumerate(specs):
        if spec.source not in column:
            raise FeatureError(f"{spec.name}: expected a source {spec.source!r} in the window")
        if spec.kind not in _WHOLE:
            raise FeatureError(f"{spec.name}: no feature kind {spec.kind!r}")
        members.setdefault((spec.kind, spec.steps), []).append(i)
    return [
        _Group(
            kind, steps, specs[found[0]].min_valid,
            np.array([column[specs[i].source] for i in found]), np.array(found),
            _limits([specs[i].low for i in found], -np.inf), _limits([specs[i].high for i in found], np.inf),
            np.array([specs[i].shortest_distance for i in found]),
            np.array([specs[i].steps_per_hour for i in found]),
        )
        for (kind, steps), found in members.items()
    ]  # fmt: skip


def _limits(values: list[float | None], absent: float) -> Floats:
    return np.array([absent if v is None else v for v in values])


def _excess(x: Floats, group: _Group) -> Floats:
    above = np.subtract(x, group.high[:, None])
    return np.maximum(np.maximum(above, group.low[:, None] - x), 0.0)


def _share_of_way(slope: Floats, newest: Floats, group: _Group) -> Floats:
    ahead = np.where(slope > 0, group.high - newest, newest - group.low)
    return np.clip(slope * group.per_hour / np.maximum(ahead, group.nearest), -1.0, 1.0)


def _ages(steps: int) -> Floats:
    return np.arange(steps - 1, -1, -1, dtype=np.float64)


# Windows without a missing value.


def _value(x: Floats, _: _Group) -> Floats:
    return x[:, -1]


def _difference(x: Floats, _: _Group) -> Floats:
    return x[:, -1] - x[:, 0]


def _mean(x: Floats, _: _Group) -> Floats:
    return x.sum(axis=1) / x.shape[1]


def _std(x: Floats, _: _Group) -> Floats:
    """From the newest value: a constant window gives exactly 0, and a large offset costs no digits."""
    y = x - x[:, -1:]
    y -= y.sum(axis=1, keepdims=True) / x.shape[1]
    return np.sqrt(np.einsum("ij,ij->i", y, y) / (x.shape[1] - 1))


def _range(x: Floats, _: _Group) -> Floats:
    return x.max(axis=1) - x.min(axis=1)


def _median_deviation(x: Floats, _: _Group) -> Floats:
    half = x.shape[1] // 2
    if x.shape[1] % 2:
        return x[:, -1] - np.partition(x, half, axis=1)[:, half]
    middle = np.partition(x, (half - 1, half), axis=1)[:, half - 1 : half + 1]
    return x[:, -1] - (middle[:, 0] + middle[:, 1]) / 2.0


def _exceedance(x: Floats, group: _Group) -> Floats:
    return _mean(_excess(x, group), group)


def _slope_to_limit(x: Floats, group: _Group) -> Floats:
    time = -_ages(x.shape[1])
    time -= time.mean()
    slope = ((x - x[:, -1:]) @ time) / (time @ time)
    return _share_of_way(slope, x[:, -1], group)


# Windows with missing values, as NaN.


def _enough(value: Floats, x: Floats, group: _Group) -> Floats:
    return np.where(np.isfinite(x).sum(axis=1) >= group.min_valid, value, np.nan)


def _gapped_mean(x: Floats, group: _Group) -> Floats:
    valid = np.isfinite(x)
    return _enough(np.where(valid, x, 0.0).sum(axis=1) / np.maximum(valid.sum(axis=1), 1), x, group)


def _gapped_std(x: Floats, group: _Group) -> Floats:
    valid = np.isfinite(x)
    count = np.maximum(valid.sum(axis=1), 1)
    y = x - x[np.arange(len(x)), x.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)][:, None]
    y = np.where(valid, y, 0.0)
    y -= (y.sum(axis=1) / count)[:, None]
    y[~valid] = 0.0
    return _enough(np.sqrt((y * y).sum(axis=1) / np.maximum(count - 1, 1)), x, group)


def _gapped_range(x: Floats, group: _Group) -> Floats:
    valid = np.isfinite(x)
    span = np.where(valid, x, -np.inf).max(axis=1) - np.where(valid, x, np.inf).min(axis=1)
    return _enough(span, x, group)


def _gapped_median_deviation(x: Floats, group: _Group) -> Floats:
    ordered = np.sort(x, axis=1)
    count = np.isfinite(x).sum(axis=1)
    rows = np.arange(len(x))
    upper = ordered[rows, np.minimum(count // 2, x.shape[1] - 1)]
    lower = ordered[rows, np.maximum(count - 1, 0) // 2]
    return _enough(x[:, -1] - (lower + upper) / 2.0, x, group)


def _gapped_exceedance(x: Floats, group: _Group) -> Floats:
    return _gapped_mean(_excess(x, group), group)


def _gapped_slope_to_limit(x: Floats, group: _Group) -> Floats:
    valid = np.isfinite(x)
    count = np.maximum(valid.sum(axis=1), 1)[:, None]
    time = np.where(valid, -_ages(x.shape[1]), 0.0)
    time = np.where(valid, time - time.sum(axis=1, keepdims=True) / count, 0.0)
    y = np.where(valid, x - x[:, -1:], 0.0)
    spread = (time * time).sum(axis=1)
    slope = (y * time).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    return _enough(_share_of_way(slope, x[:, -1], group), x, group)


_Evaluator = Callable[[Floats, _Group], Floats]
_WHOLE: dict[str, _Evaluator] = {
    "value": _value,
    "difference": _difference,
    "mean": _mean,
    "std": _std,
    "range": _range,
    "median_deviation": _median_deviation,
    "exceedance": _exceedance,
    "slope_to_limit": _slope_to_limit,
}
_GAPPED: dict[str, _Evaluator] = {
    "value": _value,
    "difference": _difference,
    "mean": _gapped_mean,
    "std": _gapped_std,
    "range": _gapped_range,
    "median_deviation": _gapped_median_deviation,
    "exceedance": _gapped_exceedance,
    "slope_to_limit": _gapped_slope_to_limit,
}
