"""What can physically be true of each name: a tag's range, and what follows from it for all that is made of the tag.

Belongs here: from a name to its least and greatest value, and the alarm limits on each side. Doesn't belong here: values
beyond them (`signals.py`).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import parse_feature
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Tag
from serving.inference.schemas import Side

SIDES: tuple[Side, ...] = ("low", "high")
Range = tuple[float, float]

ROUNDING = 1e-6
"""Share of a tag's span by which a computed feature may be beyond: sums are rounded, and so are 32-bit numbers."""
_STEP = re.compile(r"(?P<source>\w+)_t-\d+")
_LIMITS: dict[Side, tuple[str, ...]] = {"low": ("L", "LL"), "high": ("H", "HH")}
_LEVELS = ("value", "mean")


class AlarmLimit(NamedTuple):
    """One of a tag's alarm limits, by its name after ISA-18.2: LL, L, H or HH."""

    tag: Tag
    name: str
    value: float

    @property
    def rule(self) -> str:
        """Its name among the alarm rules, whose own names are lower-case."""
        return self.tag.limit_name(self.name)

    def __str__(self) -> str:
        where = "below" if self.name.startswith("L") else "above"
        return f"{self.tag.name} {where} {self.name} {self.value:g} {self.tag.unit}".rstrip()


class PhysicalRanges:
    """A plant's names, and what each can be."""

    def __init__(self, profile: PlantProfile) -> None:
        self._profile = profile
        self._tags = {name: tag for tag in profile.tags for name in (tag.name, *tag.extremes)}
        loops = profile.deviations.items()
        self._deviations = {name: (self._tags[sp], self._tags[pv]) for name, (sp, pv) in loops}

    def of(self, names: Iterable[str]) -> dict[str, Range]:
        """Name → least and greatest value, of those names that have any."""
        own = {name: tag.range for name, tag in self._tags.items()}
        return own | {
            name: found
            for name in (*self._deviations, *names)
            if name not in own and (found := self._derived(name)) is not None
        }

    def tags_of(self, name: str) -> tuple[Tag, ...]:
        """The tags that a tag's, an extreme's, a deviation's or a feature's value is made of."""
        return self._source(name)[0]

    def limits(self, name: str, side: Side) -> tuple[AlarmLimit, ...]:
        """The alarm limits on one side of a name that tells where its tag stands, the outermost last."""
        tags, is_level = self._source(name)
        if len(tags) != 1 or not is_level:
            return ()
        given = ((limit, getattr(tags[0].limits, limit)) for limit in _LIMITS[side])
        return tuple(AlarmLimit(tags[0], limit, value) for limit, value in given if value is not None)

    def _source(self, name: str) -> tuple[tuple[Tag, ...], bool]:
        """The tags behind a name, and whether its value is one that the tag itself could have."""
        source, kind = self._kind(name)
        if source in self._tags:
            return (self._tags[source],), kind in _LEVELS
        return self._deviations.get(source, ()), False

    def _kind(self, name: str) -> tuple[str, str]:
        """What a name is made of, and as what kind of feature; itself as `value` where it is none."""
        if (step := _STEP.fullmatch(name)) is not None:
            return step["source"], "value"
        try:
            spec = parse_feature(name, self._profile)
        except FeatureError:
            spec = None
        return (spec.source, spec.kind) if spec else (name, "value")

    def _derived(self, name: str) -> Range | None:
        source, kind = self._kind(name)
        if source in self._tags:
            low, high = self._tags[source].range
        elif source in self._deviations:
            sp, pv = self._deviations[source]
            low, high = sp.range[0] - pv.range[1], sp.range[1] - pv.range[0]
        else:
            return None
        span = high - low
        slack = ROUNDING * span
        match kind:
            case "value" | "mean":
                return low - slack, high + slack
            case "std" | "range" | "exceedance":
                return -slack, span + slack
            case "difference" | "median_deviation":
                return -span - slack, span + slack
            case _:
                return None
