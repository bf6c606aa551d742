"""Histories and specs that the kernel's tests share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import strategies as st

from plant_assets.features.spec import LARGEST, FeatureSpec

LOW, HIGH = 900.0, 1100.0
STEPS = (2, 3, 5, 6, 13, 24)

Values = list[float | None]


def specs_for(source: str) -> list[FeatureSpec]:
    """Every kind over several windows, with one limit, the other, and both."""
    made = [FeatureSpec(source, source, "value", 1)]
    for kind in ("mean", "std", "range", "median_deviation"):
        made += [FeatureSpec(f"{source}_{kind}_{n}", source, kind, n) for n in STEPS]
    made += [FeatureSpec(f"{source}_difference_{n}", source, "difference", n) for n in (1, 3, 6)]
    made += [FeatureSpec(f"{source}_mean_1", source, "mean", 1)]
    for kind in ("exceedance", "slope_to_limit"):
        made += [FeatureSpec(f"{source}_{kind}_{n}", source, kind, n, LOW, HIGH, 4.0) for n in STEPS]
    return made


def one_sided_specs(source: str) -> list[FeatureSpec]:
    return [
        FeatureSpec(f"{source}_{kind}_{side}", source, kind, 6, low, high, 1.0)
        for kind in ("exceedance", "slope_to_limit")
        for side, low, high in (("low", LOW, None), ("high", None, HIGH))
    ]


def frame_of(columns: Mapping[str, Sequence[float | None]]) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    start = datetime(2015, 1, 1, tzinfo=UTC)
    time = pl.datetime_range(
        start, start + timedelta(hours=rows - 1), "1h", time_unit="us", time_zone="UTC", eager=True
    )
    return pl.DataFrame(
        {"timestamp": time, **{k: pl.Series(v, dtype=pl.Float64) for k, v in columns.items()}}
    )


def array_of(columns: Mapping[str, Sequence[float | None]]) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in c] for c in columns.values()], dtype=float).T


def tolerance(values: Sequence[float | None], spec: FeatureSpec) -> float:
    """1e-9 of the largest number that the arithmetic of this window meets, in the feature's unit."""
    known = [abs(v) for v in values[-spec.rows :] if v is not None and abs(v) <= LARGEST]
    scale = max([1.0, *known])
    if spec.kind == "slope_to_limit":
        scale *= spec.steps_per_hour / spec.shortest_distance
    return 1e-9 * scale


plausible = st.floats(-1e-3, 1e-3).map(lambda noise: 1e3 + noise)
process = st.floats(850.0, 1150.0)
huge = st.sampled_from([1e9, -1e12, 1e15, 1e100, -1e100, 1e300, -1e200])
missing = st.sampled_from([None, float("nan"), float("inf"), float("-inf")])


@st.composite
def histories(draw: st.DrawFn, min_size: int = 1, max_size: int = 90) -> Values:
    """Sensor-like values with gaps, spikes of absurd size and held stretches."""
    base = draw(st.sampled_from([plausible, process, st.floats(allow_nan=True, allow_infinity=True)]))
    rows = draw(st.integers(min_size, max_size))
    values: Values = [*draw(st.lists(base, min_size=rows, max_size=rows))]
    for disturbance in draw(st.lists(st.sampled_from([huge, missing, process]), max_size=4)):
        start = draw(st.integers(0, rows - 1))
        length = draw(st.integers(1, 30))
        held = draw(disturbance)
        values[start : start + length] = [held] * len(values[start : start + length])
    return values
