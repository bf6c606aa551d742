"""Holds what the live service made of a history against what the batch makes of it. Pure.

Belongs here: two tables of equal rows, and how they differ. Doesn't belong here: where either comes from (`batch.py`,
`recorder.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plant_assets.features.arrays import Floats
from serving.live.plants.rows import time_of

TOLERANCE = 1e-9
"""Largest difference of two numbers that count as equal; of numbers beyond 1 the share of the batch's."""


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """One kind of result on both sides.

    Attributes:
        title: what is compared.
        rows: of both sides.
        compared: single values.
        differing: of these.
        largest: the largest difference; infinite where one side alone has a value.
        first: the first difference in words; empty: there is none.
    """

    title: str
    rows: int
    compared: int
    differing: int = 0
    largest: float = 0.0
    first: str = ""

    @property
    def is_equal(self) -> bool:
        return self.differing == 0


def compare_numbers(
    title: str, times_us: Sequence[int], names: Sequence[str], live: Floats, batch: Floats
) -> ComparedTable:
    """Compare numbers of the same rows and columns.

    Args:
        title: what they are.
        times_us: of the rows, ascending.
        names: of the columns.
        live, batch: (rows, columns), NaN where there is no value.
    """
    both_absent = np.isnan(live) & np.isnan(batch)
    gap = np.where(both_absent, 0.0, np.abs(live - batch))
    gap[np.isnan(gap)] = np.inf
    differs = gap > TOLERANCE * np.fmax(1.0, np.abs(batch))
    first = ""
    if differs.any():
        row, column = (int(place) for place in np.argwhere(differs)[0])
        place = f"{_moment(times_us[row])} {names[column]}"
        first = f"{place}: live {_number(live[row, column])}, batch {_number(batch[row, column])}"
    largest = float(gap.max(initial=0.0))
    return ComparedTable(title, len(times_us), gap.size, int(differs.sum()), largest, first)


def compare_words(
    title: str, times_us: Sequence[int], live: Sequence[object], batch: Sequence[object]
) -> ComparedTable:
    """Compare what is no number, such as the rules that are met, row by row."""
    pairs = zip(times_us, live, batch, strict=True)
    found = [
        f"{_moment(time)}: live {_words(one)}, batch {_words(other)}"
        for time, one, other in pairs
        if one != other
    ]
    return ComparedTable(
        title, len(times_us), len(times_us), len(found), np.inf if found else 0.0, next(iter(found), "")
    )


def compare_lists(title: str, live: Sequence[str], batch: Sequence[str]) -> ComparedTable:
    """Compare what each side has of something in the order of time, such as warnings."""
    ours, theirs = Counter(live), Counter(batch)
    alone = {"live": ours - theirs, "batch": theirs - ours}
    named = sorted(f"{one}: {side} alone" for side, found in alone.items() for one in found.elements())
    largest = np.inf if named else 0.0
    return ComparedTable(
        title, len(batch), (ours | theirs).total(), len(named), largest, next(iter(named), "")
    )


def _moment(time_us: int) -> str:
    return f"{time_of(time_us):%Y-%m-%d %H:%M:%S} UTC"


def _number(value: float) -> str:
    return "nothing" if np.isnan(value) else f"{value:.17g}"


def _words(found: object) -> str:
    if isinstance(found, Sequence) and not isinstance(found, str):
        return ", ".join(map(str, found)) or "none"
    return str(found)
