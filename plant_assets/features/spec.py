"""Features as declarations: which there are, how they are named, how far they look back.

Belongs here: everything that both evaluators must agree on before a number is computed. The evaluators
are `polars_engine` (histories) and `numpy_engine` (the newest row); docs/features.md defines each kind.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from plant_assets.features.errors import FeatureError
from plant_assets.profile.durations import format_duration, parse_duration
from plant_assets.profile.model import PlantProfile

SHORT_NAMES = {
    "mean": "mean",
    "std": "std",
    "range": "range",
    "difference": "diff",
    "median_deviation": "meddev",
    "exceedance": "exceed",
    "slope_to_limit": "slope",
}
MOVEMENT = ("std", "range", "difference", "slope_to_limit")
"""Kinds that say how a source moves; the others say where it stands."""
NEEDS_LIMIT = ("exceedance", "slope_to_limit")
NEEDS_TWO = ("std", "range", "slope_to_limit")
LARGEST = 1e100
"""Numbers beyond this count as missing, as NaN and infinities do: squares of what is left stay finite."""

_HOUR = timedelta(hours=1)
_KINDS = {short: kind for kind, short in SHORT_NAMES.items()}
_NAME = re.compile(rf"(?P<source>\w+)_(?P<short>{'|'.join(_KINDS)})_(?P<span>\d+[smhd])")


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One causal feature: `kind` of `source` over the newest `steps` rows.

    Attributes:
        name: column of the result, such as `LT301031_std_3h`; for kind `value` the source itself.
        source: column it is computed from.
        kind: `value` or one of `SHORT_NAMES`.
        steps: rows of the window, the newest included; for `difference` how many rows back.
        low, high: alarm limits L and H of the source, where `kind` needs limits.
        steps_per_hour: rows in an hour, which scales `slope_to_limit`.

    >>> FeatureSpec("PDT31008_diff_3h", "PDT31008", "difference", steps=3).rows
    4
    """

    name: str
    source: str
    kind: str
    steps: int
    low: float | None = None
    high: float | None = None
    steps_per_hour: float = 1.0

    @property
    def rows(self) -> int:
        """Rows, the newest included, that the value can depend on."""
        return self.steps + 1 if self.kind == "difference" else self.steps

    @property
    def min_valid(self) -> int:
        """Values that the window must hold at least: half of its rows, and two where one says nothing."""
        return max(2 if self.kind in NEEDS_TWO else 1, (self.steps + 1) // 2)

    @property
    def shortest_distance(self) -> float:
        """Least distance to a limit that a slope is divided by: 1 % of the band between the limits."""
        if self.low is not None and self.high is not None and self.high > self.low:
            return 0.01 * (self.high - self.low)
        limit = self.high if self.high is not None else self.low
        return 0.01 * (abs(limit or 0.0) or 1.0)


def feature_sources(profile: PlantProfile) -> list[str]:
    """Columns that features are built from: used tags, then deviations (SP - PV)."""
    return [*profile.used_tags, *profile.deviations]


def feature_specs(profile: PlantProfile) -> tuple[FeatureSpec, ...]:
    """The plant's features: each source itself, then each kind and window of `profile.features`.

    Raises:
        FeatureError: a window too short for its kind.
    """
    specs: list[FeatureSpec] = []
    for source in feature_sources(profile):
        specs.append(FeatureSpec(source, source, "value", 1))
        for kind in SHORT_NAMES:
            if kind in NEEDS_LIMIT and _limits(source, profile) == (None, None):
                continue
            specs.extend(make_spec(source, kind, span, profile) for span in getattr(profile.features, kind))
    return tuple(dict.fromkeys(specs))


def make_spec(source: str, kind: str, span: timedelta, profile: PlantProfile) -> FeatureSpec:
    """One spec by its parts.

    Raises:
        FeatureError: the window doesn't fit the kind or the sampling interval, or the limits are absent.
    """
    name = f"{source}_{SHORT_NAMES[kind]}_{format_duration(span)}"
    interval = profile.sampling.interval
    if span % interval:
        raise FeatureError(
            f"{name}: expected a multiple of the sampling interval {format_duration(interval)}"
        )
    steps = profile.steps(span)
    if kind in NEEDS_TWO and steps < 2:
        raise FeatureError(f"{name}: expected a window of at least two intervals")
    low, high = _limits(source, profile) if kind in NEEDS_LIMIT else (None, None)
    if kind in NEEDS_LIMIT and low is None and high is None:
        raise FeatureError(f"{name}: expected limits L or H on {source} in the plant's profile")
    per_hour = _HOUR / interval if kind == "slope_to_limit" else 1.0
    return FeatureSpec(name, source, kind, steps, low, high, per_hour)


def parse_feature(name: str, profile: PlantProfile) -> FeatureSpec | None:
    """Read a feature's name back, whether or not the profile's `features` list it.

    Returns:
        The spec, or None where `name` has no feature's form or no known source.

    Raises:
        FeatureError: the form is right but the window or the limits aren't.
    """
    match = _NAME.fullmatch(name)
    if match is None or match["source"] not in (*profile.columns, *profile.deviations):
        return None
    try:
        span = parse_duration(match["span"])
    except ValueError as error:
        raise FeatureError(f"{name}: {error}") from None
    return replace(make_spec(match["source"], _KINDS[match["short"]], span, profile), name=name)


def kind_of(name: str) -> str:
    """The kind of a feature by its name alone, `value` where it has no window's form."""
    match = _NAME.fullmatch(name)
    return _KINDS[match["short"]] if match else "value"


def look_back(specs: Iterable[FeatureSpec]) -> int:
    """Rows, the newest included, that give every feature the value it has on the full history."""
    return max((spec.rows for spec in specs), default=1)


def unknown(name: str, known: Iterable[str]) -> FeatureError:
    """The refusal of a name, with the nearest known ones."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return FeatureError(f"no feature {name!r}{hint}")


def _limits(source: str, profile: PlantProfile) -> tuple[float | None, float | None]:
    if source not in profile.tag_names:
        return None, None
    limits = profile.tag(source).limits
    return limits.L, limits.H
