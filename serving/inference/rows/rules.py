"""The plant's alarm rules on what a client gave: what meets one is an alarm whatever the model says.

Rules are SQL, evaluated by Polars as in the pipeline; those whose columns aren't all given are left out. A tag's value
stands for an extreme that isn't given (`extremes.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from plant_assets.profile.model import PlantProfile
from serving.inference.rows.extremes import IntervalExtremes

if TYPE_CHECKING:
    import polars as pl

Stated = TypeVar("Stated")
Condition = tuple[Stated, Collection[str], "pl.Expr"]
"""What is stated where a condition holds, the names that it looks at, and the condition."""


@dataclass(frozen=True, slots=True)
class FiredAlarmRule:
    """A limit that is crossed.

    Attributes:
        bad_signal: whether it only counts as met, as a signal is bad (`signals.py`).
    """

    name: str
    description: str
    bad_signal: bool = False


class AlarmRules:
    """A plant's alarm rules, parsed."""

    def __init__(self, profile: PlantProfile) -> None:
        import polars as pl

        self._extremes = IntervalExtremes(profile)
        self._rules: list[tuple[FiredAlarmRule, frozenset[str], pl.Expr]] = []
        for rule in profile.labels.alarm_rules:
            expression = pl.sql_expr(rule.when)
            fired = FiredAlarmRule(rule.name, rule.description or rule.when)
            self._rules.append((fired, frozenset(expression.meta.root_names()), expression))

    @property
    def inputs(self) -> dict[str, frozenset[str]]:
        """The columns that each rule looks at, by the rule's name."""
        return {rule.name: inputs for rule, inputs, _ in self._rules}

    @property
    def names(self) -> frozenset[str]:
        """All columns that rules look at, or that stand for one."""
        return self._extremes.with_tags(frozenset[str]().union(*(inputs for _, inputs, _ in self._rules)))

    def can_evaluate(self, columns: Collection[str]) -> bool:
        """Whether some rule can be told from these columns alone."""
        told = self._extremes.with_extremes(frozenset(columns))
        return any(inputs <= told for _, inputs, _ in self._rules)

    def warm(self) -> None:
        self.evaluate(dict.fromkeys(self.names, 0.0))

    def evaluate(self, values: Mapping[str, float]) -> list[FiredAlarmRule]:
        """Rules that `values` meet; a missing or NaN input leaves a rule out."""
        return [rule for rule, _, _ in held_conditions(self._rules, self._extremes.fill(values))]

    def evaluate_rows(
        self, columns: Mapping[str, NDArray[np.float64]]
    ) -> list[tuple[FiredAlarmRule, NDArray[np.bool_]]]:
        """Rules that are met on some row of `columns` (rows,), each with the rows; NaN leaves a rule out of a row."""
        columns = self._extremes.fill_rows(columns)
        asked = [entry for entry in self._rules if entry[1] <= columns.keys()]
        if not asked:
            return []
        import polars as pl

        names = {name for _, inputs, _ in asked for name in inputs}
        frame = pl.DataFrame({name: columns[name] for name in names}).fill_nan(None)
        told = [expression & pl.all_horizontal(pl.col(*i).is_not_null()) for _, i, expression in asked]
        answers = frame.select(e.fill_null(value=False).alias(str(n)) for n, e in enumerate(told))
        found = [(rule, answers[str(n)].to_numpy()) for n, (rule, _, _) in enumerate(asked)]
        return [(rule, rows) for rule, rows in found if rows.any()]


def held_conditions(
    conditions: Sequence[Condition[Stated]], values: Mapping[str, float]
) -> list[Condition[Stated]]:
    """The conditions that hold on `values`; a missing or NaN input leaves one out."""
    asked = [one for one in conditions if all(n in values and values[n] == values[n] for n in one[1])]
    if not asked:
        return []
    import polars as pl

    frame = pl.DataFrame({n: [values[n]] for n in {n for _, names, _ in asked for n in names}})
    answers = frame.select(expression.alias(str(i)) for i, (_, _, expression) in enumerate(asked)).row(0)
    return [one for one, holds in zip(asked, answers, strict=True) if holds]
