"""Windows for the forecasters: the newest rows laid side by side, and a few summaries of those same rows.

Column `PDT31008_t-11` is PDT31008 eleven rows ago, `PDT31008_t-0` the newest; sources as for features.
`PDT31008_rise_4h` is the mean of its newest 4 hours less that of the whole window: a tree can't take means.
No column looks further back than `profile.features.window_steps` rows. Polars is imported only where a
history is evaluated: the live scorer doesn't need it.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from plant_assets.features.errors import FeatureError
from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.spec import (
    LARGEST,
    NEEDS_LIMIT,
    FeatureSpec,
    feature_sources,
    make_spec,
)
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    import polars as pl

SUMMARIES = ("mean", "std", "range", "median_deviation", "exceedance", "slope_to_limit")
RECENT = (6, 3, 2)
"""Parts of the window that its newest rows are compared over: a sixth, a third, a half."""


def window_specs(profile: PlantProfile) -> tuple[FeatureSpec, ...]:
    """Summaries of the window (level, volatility, where the newest row stands, way to the limit), recent means."""
    span = profile.sampling.interval * profile.features.window_steps
    whole = (
        make_spec(source, kind, span, profile)
        for source in feature_sources(profile)
        for kind in SUMMARIES
        if kind not in NEEDS_LIMIT or _has_limit(source, profile)
    )
    return (*whole, *(recent for recent, _, _ in _rises(profile)))


def window_columns(profile: PlantProfile) -> list[str]:
    """Columns of `window_features` after `timestamp`, in the order of `NewestWindow`."""
    return [
        *(name for _, _, name in _steps(profile)),
        *(spec.name for spec in window_specs(profile)),
        *(name for _, _, name in _rises(profile)),
    ]


def window_features(frame: "pl.DataFrame", profile: PlantProfile) -> "pl.DataFrame":
    """Windows of every row of a raw table.

    Returns:
        `timestamp` and `window_columns(profile)`; null where a row is missing or lies before the history.

    Raises:
        FeatureError: as `compute_features`.
    """
    import polars as pl

    from plant_assets.features.polars_engine import compute_features, with_deviations

    full = with_deviations(frame, profile)
    values = [FeatureSpec(source, source, "value", 1) for source in feature_sources(profile)]
    computed = compute_features(full, [*values, *window_specs(profile)])
    return computed.select(
        "timestamp",
        *(pl.col(source).shift(age).alias(name) for source, age, name in _steps(profile)),
        *(spec.name for spec in window_specs(profile)),
        *((pl.col(recent.name) - pl.col(whole)).alias(name) for recent, whole, name in _rises(profile)),
    )


class NewestWindow:
    """The newest row's windows, with everything that depends on the profile alone prepared once.

    A call takes rows in time order, the newest last, with columns `feature_sources(profile)`, NaN where missing;
    it returns the values of `window_columns(profile)`, or raises a FeatureError where the shape doesn't fit.
    """

    def __init__(self, profile: PlantProfile) -> None:
        self._steps = profile.features.window_steps
        self._sources = feature_sources(profile)
        specs = window_specs(profile)
        places = {spec.name: i for i, spec in enumerate(specs)}
        rises = _rises(profile)
        self._summaries = NewestRow(specs, self._sources)
        self._recent = np.array([places[recent.name] for recent, _, _ in rises], dtype=np.intp)
        self._whole = np.array([places[whole] for _, whole, _ in rises], dtype=np.intp)

    def __call__(self, window: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        rows = np.asarray(window, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[0] == 0 or rows.shape[1] != len(self._sources):
            raise FeatureError(f"window: expected shape (rows, {len(self._sources)}), got {rows.shape}")
        rows = rows[-self._steps :]
        laid = np.full((self._steps, len(self._sources)), np.nan)
        laid[self._steps - len(rows) :] = rows
        laid[~(np.abs(laid) <= LARGEST)] = np.nan
        summaries = self._summaries(laid)
        return np.concatenate([laid.T.ravel(), summaries, summaries[self._recent] - summaries[self._whole]])


def _steps(profile: PlantProfile) -> list[tuple[str, int, str]]:
    steps = profile.features.window_steps
    return [
        (source, age, f"{source}_t-{age}")
        for source in feature_sources(profile)
        for age in range(steps - 1, -1, -1)
    ]


def _rises(profile: PlantProfile) -> list[tuple[FeatureSpec, str, str]]:
    """A recent mean, the name of the whole window's mean, and the column of their difference."""
    steps, interval = profile.features.window_steps, profile.sampling.interval
    lengths = dict.fromkeys(max(steps // part, 1) for part in RECENT)
    rises = []
    for source in feature_sources(profile):
        whole = make_spec(source, "mean", interval * steps, profile).name
        for length in lengths:
            if length < steps:
                recent = make_spec(source, "mean", interval * length, profile)
                rises.append((recent, whole, recent.name.replace(f"{source}_mean_", f"{source}_rise_")))
    return rises


def _has_limit(source: str, profile: PlantProfile) -> bool:
    if source in profile.deviations:
        return False
    limits = profile.tag(source).limits
    return limits.L is not None or limits.H is not None
