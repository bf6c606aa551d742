"""What a plant's engineers advise when something holds: the profile's recommendations on a row's values.

Belongs here: conditions, urgency, and the words for an operator. Doesn't belong here: scores (`answers.py`), drivers
(`plant_assets.explain`), the requests that ask (`service.py`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from plant_assets.profile.model import PlantProfile, RecommendationRule
from serving.inference.rows.extremes import IntervalExtremes
from serving.inference.rows.rules import FiredAlarmRule, held_conditions
from serving.inference.rows.schemas import OperatorAdvice

Urgency = Literal["none", "advice", "warning", "high"]
URGENCIES: tuple[Urgency, ...] = ("none", "advice", "warning", "high")
RISK_SCORE = "risk_score"
FAILURE_FREQUENCY = "failure_frequency_48"
"""How many rows of the last 48 hours were in alarm."""


class RecommendationRules:
    """A plant's recommendations, parsed; conditions are SQL that Polars reads, as alarm rules are."""

    def __init__(self, profile: PlantProfile) -> None:
        import polars as pl

        self._profile = profile
        self._extremes = IntervalExtremes(profile)
        self._units = {name: tag.unit for tag in profile.tags for name in (tag.name, *tag.extremes)}
        self._entries: list[tuple[RecommendationRule, list[str], pl.Expr]] = []
        for entry in profile.recommendations:
            expression = pl.sql_expr(entry.when)
            self._entries.append((entry, sorted(set(expression.meta.root_names())), expression))
        self._limits = {rule.name: rule.when for rule in profile.labels.alarm_rules}

    def evaluate(self, values: Mapping[str, float], fired: Iterable[FiredAlarmRule]) -> list[OperatorAdvice]:
        """What holds on `values`, the most urgent first; a missing value leaves an entry out.

        Args:
            values: tags, features, risk score and failure frequency by name; NaN is missing.
            fired: alarm rules that the values meet, which are told too.
        """
        values = self._extremes.fill(values)
        found = [
            OperatorAdvice(
                advice=entry.advice,
                urgency=entry.urgency,
                check=list(entry.check),
                why=self._why(names, values, entry.when),
            )
            for entry, names, _ in held_conditions(self._entries, values)
        ]
        found += [self._bad_signal(rule) if rule.bad_signal else self._limit(rule, values) for rule in fired]
        return sorted(found, key=lambda one: -URGENCIES.index(one.urgency))

    def _bad_signal(self, rule: FiredAlarmRule) -> OperatorAdvice:
        tags = [tag for tag in self._profile.tags if re.search(rf"\b{tag.name}", self._read_by(rule))]
        check = [f"{tag.name}: its instrument, and another indication of the same" for tag in tags]
        advice = f"Counts as an alarm until a sound value shows otherwise: {rule.description}"
        why = "the value is beyond what can physically be true"
        return OperatorAdvice(advice=advice, urgency="high", check=check, why=why)

    def _read_by(self, rule: FiredAlarmRule) -> str:
        return self._limits.get(rule.name, rule.name)

    def _limit(self, rule: FiredAlarmRule, values: Mapping[str, float]) -> OperatorAdvice:
        import polars as pl

        names = sorted(set(pl.sql_expr(self._limits[rule.name]).meta.root_names()))
        tags = [tag.name for tag in self._profile.tags if any(name.startswith(tag.name) for name in names)]
        check = [f"{tag}: {self._profile.tag(tag).description}" for tag in tags]
        why = self._why(names, values, self._limits[rule.name])
        advice = f"Alarm rule met: {rule.description}"
        return OperatorAdvice(advice=advice, urgency="high", check=check, why=why)

    def _why(self, names: Iterable[str], values: Mapping[str, float], condition: str) -> str:
        told = [f"{name} is {values[name]:.4g} {self._units.get(name, '')}".rstrip() for name in names]
        return f"{', '.join(told)} ({condition})"
