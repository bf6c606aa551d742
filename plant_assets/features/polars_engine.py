"""The feature kernel for histories: every row of a table at once, in Polars.

Row t uses rows up to t and nothing else. Spark runs this same function on each month (`spark_engine`),
the newest row alone is `numpy_engine`'s; a property test holds them together to 1e-9.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import LARGEST, FeatureSpec, feature_specs, look_back, parse_feature, unknown
from plant_assets.features.window_sums import WindowSums
from plant_assets.profile.model import PlantProfile

CHUNK_ROWS = 1 << 17
"""Rows evaluated at once: bounds the memory of intermediate columns, whatever the history's length."""


def with_deviations(frame: pl.DataFrame, profile: PlantProfile) -> pl.DataFrame:
    """Add `<controller>_deviation`, set point less process value, for every controller that has both."""
    return frame.with_columns(
        (pl.col(sp).cast(pl.Float64) - pl.col(pv).cast(pl.Float64)).alias(name)
        for name, (sp, pv) in profile.deviations.items()
    )


def compute_features(frame: pl.DataFrame, specs: Sequence[FeatureSpec]) -> pl.DataFrame:
    """Evaluate specs on every row of a regular grid.

    Args:
        frame: the specs' sources, and `timestamp` if there is one; rows in time order, equally spaced.
            Null, NaN, infinite and absurd (beyond 1e100) values are missing.
        specs: what to compute.

    Returns:
        `timestamp` (where given) and one Float64 column a spec, as many rows as `frame`; null where the
        window holds fewer than `spec.min_valid` values.

    Raises:
        FeatureError: a source is absent or no number, or the grid isn't regular.
    """
    _check_sources(frame, specs)
    check_grid(frame)
    return pl.concat(_chunks(frame, specs)) if frame.height > CHUNK_ROWS else _evaluate(frame, specs, 0)


def named_features(frame: pl.DataFrame, profile: PlantProfile, names: Iterable[str]) -> pl.DataFrame:
    """Add columns by name: deviations and any feature a name can spell, configured or not.

    Args:
        frame: a raw table of the plant.
        profile: the plant.
        names: such as `LT301031_std_3h` or `LIC31002_deviation`; columns that `frame` has stay as they are.

    Raises:
        FeatureError: a name that is neither a column, a deviation nor a feature; it names the nearest.
    """
    wanted = [name for name in dict.fromkeys(names) if name not in frame.columns]
    if not wanted:
        return frame
    full = with_deviations(frame, profile)
    specs = []
    for name in wanted:
        if name in profile.deviations:
            continue
        if (spec := parse_feature(name, profile)) is None:
            raise unknown(name, [*full.columns, *(s.name for s in feature_specs(profile))])
        specs.append(spec)
    computed = compute_features(full, specs).drop("timestamp", strict=False)
    deviations = full.select(name for name in wanted if name in profile.deviations)
    return pl.concat([frame, deviations, computed], how="horizontal")


def check_grid(frame: pl.DataFrame) -> None:
    """Check that `timestamp`, where there is one, is in order and equally spaced.

    Raises:
        FeatureError: it isn't; the text names the first row that breaks the spacing.
    """
    if "timestamp" in frame.columns and frame.height > 1:
        steps = frame["timestamp"].diff().slice(1).cast(pl.Int64)
        if steps.null_count() or steps.min() != steps.max() or steps.item(0) <= 0:
            raise FeatureError(_irregular(frame["timestamp"], steps))


def _chunks(frame: pl.DataFrame, specs: Sequence[FeatureSpec]) -> list[pl.DataFrame]:
    back = look_back(specs)
    starts = [0, *range(back, frame.height, CHUNK_ROWS)]
    results = []
    for start, end in zip(starts, [*starts[1:], frame.height], strict=True):
        first = max(start - back, 0)
        results.append(_evaluate(frame.slice(first, end - first), specs, start - first))
    return results


def _evaluate(frame: pl.DataFrame, specs: Sequence[FeatureSpec], context: int) -> pl.DataFrame:
    """Features of the rows after the first `context`, which only serve as look-back."""
    timestamp = [pl.col("timestamp")] if "timestamp" in frame.columns else []
    sources = list(dict.fromkeys(spec.source for spec in specs))
    clean = frame.select(*timestamp, *(_clean(source) for source in sources))
    full_windows = context >= look_back(specs)
    complete = {s for s in sources if full_windows and clean[s].null_count() == 0}
    sums = WindowSums(specs, complete)
    work = sums.add_to(clean)
    return work.select(*timestamp, *(_expression(spec, sums) for spec in specs)).slice(context)


def _clean(source: str) -> pl.Expr:
    value = pl.col(source).cast(pl.Float64)
    return pl.when(value.abs() <= LARGEST).then(value).alias(source)


def _expression(spec: FeatureSpec, sums: WindowSums) -> pl.Expr:
    x = pl.col(spec.source)
    n, least = spec.steps, spec.min_valid
    match spec.kind:
        case "value":
            feature = x
        case "difference":
            feature = x - x.shift(n)
        case "std":
            feature = x.rolling_std(n, min_samples=least, ddof=1)
        case "range":
            feature = x.rolling_max(n, min_samples=least) - x.rolling_min(n, min_samples=least)
        case "median_deviation":
            feature = x - x.rolling_median(n, min_samples=least)
        case "mean" | "exceedance":
            feature = sums.mean(spec)
        case "slope_to_limit":
            feature = _share_of_way(sums.slope(spec) * spec.steps_per_hour, spec)
        case _:
            raise FeatureError(f"{spec.name}: no feature kind {spec.kind!r}")
    return feature.alias(spec.name)


def _share_of_way(slope: pl.Expr, spec: FeatureSpec) -> pl.Expr:
    """Hourly slope over the distance to the limit that it heads for, within -1 (L) and 1 (H)."""
    x, nearest = pl.col(spec.source), spec.shortest_distance
    up = 0.0 * slope if spec.high is None else slope / pl.max_horizontal(spec.high - x, pl.lit(nearest))
    down = 0.0 * slope if spec.low is None else slope / pl.max_horizontal(x - spec.low, pl.lit(nearest))
    share = pl.when(slope > 0).then(up).otherwise(down)
    return pl.when(x.is_not_null()).then(share.clip(-1.0, 1.0))


def _check_sources(frame: pl.DataFrame, specs: Sequence[FeatureSpec]) -> None:
    for spec in specs:
        if spec.source not in frame.columns:
            raise FeatureError(f"{spec.name}: expected a column {spec.source!r}")
        if not (frame.schema[spec.source].is_numeric() or frame.schema[spec.source] == pl.Null):
            raise FeatureError(f"column {spec.source!r}: expected numbers, got {frame.schema[spec.source]}")


def _irregular(times: pl.Series, steps: pl.Series) -> str:
    backwards = (steps <= 0).fill_null(value=True)
    odd = backwards if backwards.any() else steps != steps.mode().min()
    row = odd.arg_max() or 0
    expected = "a later time than the row before" if backwards.any() else "rows equally spaced"
    return f"timestamp, row {row + 2} ({times[row + 1]}): expected {expected}"
