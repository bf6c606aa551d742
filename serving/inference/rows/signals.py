"""Bad signals: values beyond what can physically be true, and the alarm rules and limits that count as met or crossed by them.

Such a value doesn't tell where its tag stands, so it counts as missing. But it is no reason to believe that all is
well: an alarm rule or limit on that side counts as met or crossed until a sound value shows otherwise.
Belongs here: which limits count, how far an answer can be relied on. Doesn't belong here: ranges (`ranges.py`),
conditions (`rules.py`), the answers that tell of them (`predict`, `batch`, `forecast`, `v2`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.model import PlantProfile
from serving.inference.rows.ranges import SIDES, AlarmLimit, PhysicalRanges, Range
from serving.inference.rows.rules import AlarmRules, FiredAlarmRule
from serving.inference.schemas import Side

FAR = 1e12
"""Where a tag may be whose instrument can't show it."""

RuleRows = Sequence[tuple[FiredAlarmRule, Flags]]
"""Rules that hold on some rows, with these (rows,)."""


@dataclass(frozen=True, slots=True)
class BadColumn:
    """What a client gave for one name, where it can't be true.

    Attributes:
        name: canonical: a tag, an interval extreme, a deviation or a feature.
        given: (rows,), NaN where the value is sound or missing.
    """

    name: str
    given: Floats
    range: Range

    def beyond(self, side: Side) -> Flags:
        """Rows (rows,) whose value is beyond that side."""
        return self.given < self.range[0] if side == "low" else self.given > self.range[1]

    def over(self, sound: Floats, moved: Floats) -> Floats:
        """`moved` (rows,) where it is bad, `sound` (rows,) elsewhere."""
        return np.where(np.isnan(self.given), sound, moved)


@dataclass(frozen=True, slots=True)
class BadSignalRows:
    """The rows on which a name is beyond one side of its range.

    Attributes:
        rows: (rows,).
        value: the last of those given.
        crossed: what counts as met or crossed: names of alarm rules, else the tag's own limits, as `HH 300`.
    """

    name: str
    side: Side
    range: Range
    rows: Flags
    value: float
    crossed: tuple[str, ...]

    def __str__(self) -> str:
        low, high = self.range
        where = f"below {low:g}" if self.side == "low" else f"above {high:g}"
        alarms = f", counts as an alarm: {', '.join(self.crossed)}" if self.crossed else ""
        return f"{self.name} = {self.value:g} can't be {where}: bad signal{alarms}"


@dataclass(frozen=True, slots=True)
class SignalFaults:
    """What bad signals mean for some rows.

    Attributes:
        rules: alarm rules and limits that count as met or crossed by them alone, with their rows.
    """

    signals: tuple[BadSignalRows, ...] = ()
    rules: RuleRows = ()


class SignalCheck:
    """Holds bad signals against a plant's alarm rules and limits."""

    def __init__(self, profile: PlantProfile, rules: AlarmRules) -> None:
        self._ranges = PhysicalRanges(profile)
        self._rules = rules
        self._rule_tags = {
            name: {tag.name for n in inputs for tag in self._ranges.tags_of(n)}
            for name, inputs in rules.inputs.items()
        }

    def faults(
        self,
        bad: Sequence[BadColumn],
        sound: Mapping[str, Floats],
        crossed: RuleRows,
        at_end: Mapping[str, Floats] | None = None,
    ) -> SignalFaults:
        """What counts as met or crossed: the alarm rules that are met where the signals may be, else the tags' own limits.

        Args:
            bad: the signals.
            sound: name → values (rows,) that rules may look at, NaN where bad or missing.
            crossed: rules that are met on those.
            at_end: features (rows,) as they would be with each bad signal at the end of its range.
        """
        if not bad:
            return SignalFaults()
        fired = self._fired(bad, sound, crossed, at_end or {})
        signals: list[BadSignalRows] = []
        own: dict[AlarmLimit, Flags] = {}
        for column in bad:
            for side in SIDES:
                rows = column.beyond(side)
                if not rows.any():
                    continue
                limits = self._ranges.limits(column.name, side)
                by_rule = self._told_by_rules(column.name, rows, [*crossed, *fired])
                told = [*by_rule, *(f"{limit.name} {limit.value:g}" for limit in limits)]
                value = float(column.given[rows][-1])
                signals.append(BadSignalRows(column.name, side, column.range, rows, value, tuple(told)))
                left = rows & ~np.logical_or.reduce([*by_rule.values(), np.zeros_like(rows)])
                if limits and left.any():
                    own[limits[-1]] = left | own.get(limits[-1], np.zeros_like(rows))
        limited = [
            (FiredAlarmRule(limit.rule, f"{limit}: bad signal", bad_signal=True), r)
            for limit, r in own.items()
        ]
        return SignalFaults(tuple(signals), (*fired, *limited))

    def _told_by_rules(self, name: str, rows: Flags, shown: RuleRows) -> dict[str, Flags]:
        """Alarm rules on the tags of a bad name that are met on some of its rows, with these."""
        tags = {tag.name for tag in self._ranges.tags_of(name)}
        asked = [(rule, held & rows) for rule, held in shown if tags & self._rule_tags[rule.name]]
        return {rule.name: held for rule, held in asked if held.any()}

    def _fired(
        self,
        bad: Sequence[BadColumn],
        sound: Mapping[str, Floats],
        crossed: RuleRows,
        at_end: Mapping[str, Floats],
    ) -> list[tuple[FiredAlarmRule, Flags]]:
        """Rules that are met with the signals as given or far beyond, and not on sound values."""
        count = len(bad[0].given)
        absent = np.full(count, np.nan)
        shown = {rule.name: held for rule, held in crossed}
        found: dict[str, tuple[FiredAlarmRule, Flags]] = {}
        as_given = {c.name: c.over(sound.get(c.name, absent), c.given) for c in bad}
        far = {c.name: c.over(sound.get(c.name, absent), np.where(c.beyond("low"), -FAR, FAR)) for c in bad}
        for moved in (as_given, far):
            for rule, held in self._rules.evaluate_rows({**sound, **at_end, **moved}):
                new = held & ~shown.get(rule.name, np.zeros(count, dtype=bool))
                if rule.name in found:
                    new |= found[rule.name][1]
                if new.any():
                    told = f"{rule.description}: bad signal"
                    found[rule.name] = replace(rule, description=told, bad_signal=True), new
        return list(found.values())


def confidence_of(missing: int | np.ndarray, inputs: int, bad: bool | Flags) -> np.ndarray:
    """How far answers can be relied on, a `Confidence` a row, by how many inputs it lacks and bad signals."""
    return np.where(np.asarray(missing) * 2 > inputs, "none", np.where(bad, "reduced", "full"))
