"""One reading of a client's: its values by column and by name, without those that can't be true.

Belongs here: which numbers are taken, refused or bad. Doesn't belong here: rows of a model (`inputs.py`), names
(`names.py`), times (`times.py`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serving.errors import InvalidInput, invalid
from serving.faults import describe_value
from serving.inference.rows.names import LONGEST_NAME, NamedColumn, NameIndex
from serving.inference.rows.signals import BadColumn, SignalFaults
from serving.inference.rows.times import Reading

LARGEST = 1e100
"""Beyond it a number is a mistake, and squares of it would overflow."""
MOST_NAMED = 5


@dataclass(slots=True)
class ParsedReading:
    """One reading, taken: `row` in the order of columns, `known` by canonical name, both NaN where missing or bad."""

    row: list[float]
    known: dict[str, float]
    unused: list[str]
    bad: list[BadColumn]

    @property
    def is_empty(self) -> bool:
        return all(map(math.isnan, self.known.values()))


def parse_reading(
    given: Reading, names: NameIndex, find: Callable[[str], NamedColumn | None], width: int, place: str
) -> ParsedReading:
    """Put what a client gave in its columns; `find` is `names.find`, or a cache of it."""
    taken = ParsedReading([math.nan] * width, {}, [], [])
    row, known = taken.row, taken.known
    unknown: list[str] = []
    for given_name, value in given.items():
        found = find(given_name)
        if found is None:
            unknown.append(given_name)
            continue
        name, column, low, high = found
        if not name:
            continue
        if name in known:
            raise invalid(_at(place, given_name), "given twice", "each name once, in any case")
        number = (
            value
            if type(value) is float and -LARGEST <= value <= LARGEST
            else number_of(value, place, given_name)
        )
        if not low <= number <= high and not math.isnan(number):
            taken.bad.append(BadColumn(name, np.array([number]), (low, high)))
            number = math.nan
        known[name] = number
        if column is None:
            taken.unused.append(name)
        else:
            row[column] = number
    if unknown:
        raise names.refuse(unknown, place)
    return taken


def refuse_unusable(place: str, newest: ParsedReading, faults: SignalFaults) -> InvalidInput:
    """The refusal of a request that holds nothing to judge by."""
    if faults.signals:
        told = "; ".join(map(str, faults.signals[:MOST_NAMED]))
        return invalid(place, f"no usable value: {told}", "at least one value within its range")
    if not newest.is_empty:
        return invalid(place, "no usable value", "at least one that the model or an alarm rule uses")
    return invalid(place, "no value", "at least one feature or tag with a number")


def number_of(value: float | str | None, place: str, name: str) -> float:
    """A client's value, NaN where it is null.

    Raises:
        InvalidInput: no number, or none that can be.
    """
    if value is None:
        return math.nan
    if isinstance(value, str | bool):
        raise invalid(_at(place, name), describe_value(value), "a number or null")
    if not abs(value) <= LARGEST:
        raise invalid(_at(place, name), "not finite, or beyond 1e100", "a finite number or null")
    return float(value)


def _at(place: str, name: str) -> str:
    return f"{place}.{name[:LONGEST_NAME]}"
