"""Interval extremes that a client didn't give: a tag's own value stands for its `_max` and `_min`.

An interval's maximum is at least its median, so a value beyond a limit is an alarm whatever else is known of the interval.
Belongs here: which value stands for which extreme. Doesn't belong here: conditions (`rules.py`, `recommendations.py`).
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plant_assets.profile.model import PlantProfile


class IntervalExtremes:
    """A plant's interval extremes, by name, each with the tag that it belongs to."""

    def __init__(self, profile: PlantProfile) -> None:
        self._tag_of = {extreme: tag.name for tag in profile.tags for extreme in tag.extremes}

    def with_tags(self, names: frozenset[str]) -> frozenset[str]:
        """Some names, with the tags that may stand for those that are extremes."""
        return names | {self._tag_of[name] for name in names & self._tag_of.keys()}

    def with_extremes(self, names: frozenset[str]) -> frozenset[str]:
        """Some names, with the extremes that they may stand for."""
        return names | {extreme for extreme, tag in self._tag_of.items() if tag in names}

    def fill(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values by name, NaN where missing; a given extreme stays as it is."""
        found = dict(values)
        for extreme, tag in self._tag_of.items():
            if tag in values and math.isnan(values.get(extreme, math.nan)):
                found[extreme] = values[tag]
        return found

    def fill_rows(self, columns: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """The same of columns (rows,), row by row."""
        found = dict(columns)
        for extreme, tag in self._tag_of.items():
            if tag in columns:
                own = columns.get(extreme)
                found[extreme] = columns[tag] if own is None else np.where(np.isnan(own), columns[tag], own)
        return found
