"""From columns that a client sends to a model's rows, all rows at once.

Belongs here: names, ranges and gaps of columns, and JSON to columns. Doesn't belong here: one row (`inputs.py`),
Arrow (`batch/arrow_body.py`), the model's answer (`batch/service.py`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plant_assets.features.arrays import Flags, Floats
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import InvalidInput, invalid
from serving.faults import describe_value
from serving.inference.batch.schemas import MOST_CELLS, BatchRequest
from serving.inference.rows.inputs import ModelInputs
from serving.inference.rows.names import LONGEST_NAME, NamedColumn
from serving.inference.rows.reading import LARGEST
from serving.inference.rows.rules import FiredAlarmRule
from serving.inference.rows.signals import BadColumn, SignalFaults, confidence_of

Given = float | str | None
Find = Callable[[str], NamedColumn | None]
Where = Callable[[str, int], str]
"""From a column's name and a row to the value's place in the request."""


@dataclass(frozen=True, slots=True)
class ModelRows:
    """A model's rows, and what became of the client's columns.

    Attributes:
        values: (rows, features), NaN where missing.
        given: whether a row holds any value that the model or a rule uses and that can be true; (rows,).
        rules: alarm rules that are met on some row, with the rows.
        imputed: features that no row holds, as `ImputedNames` has them.
        unused: columns that the plant knows and the model doesn't use.
        out_of_range: tag → rows whose value can't physically be true; they count as missing.
        confidence: (rows,), each a `Confidence`.
    """

    values: Floats
    given: Flags
    rules: list[tuple[FiredAlarmRule, Flags]]
    imputed: list[str]
    n_imputed: int
    unused: list[str]
    out_of_range: dict[str, int]
    faults: SignalFaults
    confidence: np.ndarray


def rows_of(inputs: ModelInputs, columns: Mapping[str, Floats], where: Where) -> ModelRows:
    """A model's rows from named columns (rows,), all of one length.

    Raises:
        UnknownFeature: a name that the plant doesn't know.
        InvalidInput: a number that isn't finite, or a name given twice.
    """
    count = len(next(iter(columns.values())))
    values = np.full((count, len(inputs.names)), np.nan)
    given = np.zeros(count, dtype=bool)
    asked_by_rules: dict[str, Floats] = {}
    taken: set[str] = set()
    rule_names = inputs.rules.names
    unknown: list[str] = []
    unused: list[str] = []
    bad: list[BadColumn] = []
    for name, column in columns.items():
        if (found := inputs.feature_names.find(name)) is None:
            unknown.append(name)
            continue
        if found.name in taken:
            raise invalid(_shorten(where(name, 0)), "given twice", "each name once, in any case")
        _check_finite(column, lambda row, name=name: where(name, row))
        taken.add(found.name)
        outside = (column < found.low) | (column > found.high)
        sound = column
        if outside.any():
            bad.append(BadColumn(found.name, np.where(outside, column, np.nan), (found.low, found.high)))
            sound = np.where(outside, np.nan, column)
        if found.name in rule_names or found.column is not None:
            given |= ~np.isnan(sound)
        if found.name in rule_names:
            asked_by_rules[found.name] = sound
        if found.column is None:
            unused.append(found.name)
        else:
            values[:, found.column] = sound
    if unknown:
        raise inputs.feature_names.refuse(unknown, "columns")
    lacking = np.isnan(values)
    missing: Flags = np.asarray(lacking.all(axis=0))
    has_bad = np.logical_or.reduce([np.zeros(count, dtype=bool), *(~np.isnan(b.given) for b in bad)])
    rules = inputs.rules.evaluate_rows(asked_by_rules)
    return ModelRows(
        values=values,
        given=given,
        rules=rules,
        imputed=inputs.imputed_names.of(missing),
        n_imputed=int(missing.sum()),
        unused=unused,
        out_of_range={column.name: int((~np.isnan(column.given)).sum()) for column in bad},
        faults=inputs.signals.faults(bad, asked_by_rules, rules),
        confidence=confidence_of(lacking.sum(axis=1), len(inputs.names), has_bad),
    )


def columns_of(request: BatchRequest, find: Find) -> tuple[dict[str, Floats], Where]:
    """The columns of a JSON request, NaN where null or absent; those of times are left out.

    Args:
        request: by rows, each of which may spell a name in its own way, or by columns.
        find: what a name stands for; None if the plant doesn't know it.

    Raises:
        InvalidInput: columns of different lengths, a value that is no number, or no column of numbers.
    """
    if request.columns is not None:
        columns, where = _by_columns(request.columns), in_column
    else:
        columns, where = _by_rows(request.rows or [], find), _in_row
    if not columns:
        field = "rows" if request.columns is None else "columns"
        raise invalid(field, "no value", "at least one feature or tag with a number")
    return columns, where


def _by_columns(given: Mapping[str, Sequence[Given]]) -> dict[str, Floats]:
    first, count = next((name, len(values)) for name, values in given.items())
    for name, values in given.items():
        if len(values) != count:
            wanted = f"{count}, as {first[:LONGEST_NAME]}"
            raise invalid(_shorten(f"columns.{name}"), f"{len(values)} values", wanted)
    return {
        name: _numbers(values, lambda row, name=name: in_column(name, row))
        for name, values in given.items()
        if name.casefold() not in TIME_NAMES
    }


def _by_rows(rows: Sequence[Mapping[str, Given]], find: Find) -> dict[str, Floats]:
    names = dict.fromkeys(name for row in rows for name in row)
    if len(names) * len(rows) > MOST_CELLS:
        raise invalid(
            "rows", f"{len(names)} names in {len(rows)} rows", f"names times rows up to {MOST_CELLS}"
        )
    ways: dict[str, list[str]] = {}
    for name in names:
        if name.casefold() not in TIME_NAMES:
            place = find(name)
            ways.setdefault(place.name if place else name, []).append(name)
    return {
        first: _numbers(_cells(rows, first, others), lambda row, name=first: _in_row(name, row))
        for first, *others in ways.values()
    }


def _cells(rows: Sequence[Mapping[str, Given]], name: str, others: Sequence[str]) -> list[Given]:
    """One value a row, whichever of a tag's names the row has."""
    if not others:
        return [row.get(name) for row in rows]
    found: list[Given] = []
    for r, row in enumerate(rows):
        given = [n for n in (name, *others) if n in row]
        if len(given) > 1:
            raise invalid(_in_row(given[-1], r), "given twice", "each name once, in any case")
        found.append(row[given[0]] if given else None)
    return found


def in_column(name: str, row: int) -> str:
    """The place of a value in a request by columns."""
    return f"columns.{name[:LONGEST_NAME]}.{row}"


def _in_row(name: str, row: int) -> str:
    return f"rows.{row}.{name[:LONGEST_NAME]}"


def _numbers(values: Sequence[Given], where: Callable[[int], str]) -> Floats:
    wrong = next((i for i, value in enumerate(values) if isinstance(value, str | bool)), None)
    if wrong is not None:
        raise invalid(where(wrong), describe_value(values[wrong]), "a number or null")
    found = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    for place in np.flatnonzero(np.isnan(found)).tolist():
        if values[place] is not None:
            raise _not_finite(where(place))
    return found


def _check_finite(column: Floats, where: Callable[[int], str]) -> None:
    """NaN is a gap; what else isn't finite is a mistake."""
    wrong = np.flatnonzero(np.abs(column) > LARGEST)
    if len(wrong):
        raise _not_finite(where(int(wrong[0])))


def _not_finite(place: str) -> InvalidInput:
    return invalid(place, "not finite, or beyond 1e100", "a finite number or null")


def _shorten(place: str) -> str:
    return place[: 2 * LONGEST_NAME]
