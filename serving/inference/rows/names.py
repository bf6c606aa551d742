"""The names that a client may use: tags and features in any case, aliases, columns that are known and not read.

Belongs here: from a name to its canonical form and place, and the nearest known name. Doesn't belong here:
values (`inputs.py`).
"""

import difflib
import math
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from pydantic import JsonValue

from plant_assets.profile.model import PlantProfile
from serving.errors import UnknownFeature
from serving.inference.rows.ranges import PhysicalRanges

MOST_NAMED = 20
MOST_NEAREST = 5
"""So many names get a nearest one: each takes some milliseconds, for which other requests wait."""
LONGEST_NAME = 100


class NamedColumn(NamedTuple):
    """What a name stands for.

    Attributes:
        name: canonical; empty for a name that carries no value.
        column: in the row; None where the row has none for it.
        low, high: what can physically be true.
    """

    name: str
    column: int | None = None
    low: float = -math.inf
    high: float = math.inf


class NameIndex:
    """The names of one plant, as columns of one kind of row.

    Valueless ones are taken and carry no value, as that of the time.
    """

    def __init__(
        self, profile: PlantProfile, columns: Sequence[str], valueless: Collection[str] = ()
    ) -> None:
        self._plant = profile.name
        ignored = [name.casefold() for name in profile.ignored_columns]
        self._ignored = frozenset(name for name in ignored if not _is_pattern(name))
        self._patterns = [name for name in ignored if _is_pattern(name)]
        owners = (*(tag.name for tag in profile.tags), *profile.controllers)
        self._owners = tuple(f"{owner.casefold()}_" for owner in owners)
        self._canonical = _plant_names(profile) | {name.casefold(): name for name in columns}
        ranges = PhysicalRanges(profile).of(columns)
        column_of = {name: i for i, name in enumerate(columns)}
        anything = (-math.inf, math.inf)
        self._places = {
            folded: NamedColumn(name, column_of.get(name), *ranges.get(name, anything))
            for folded, name in self._canonical.items()
        }
        self._places |= {name.casefold(): NamedColumn("") for name in valueless}

    def find(self, name: str) -> NamedColumn | None:
        """What a name stands for; None if the plant doesn't know it."""
        folded = name.casefold()
        place = self._places.get(folded)
        if place is not None:
            return place
        return NamedColumn(name) if self._is_ignored(folded) else None

    def _is_ignored(self, folded: str) -> bool:
        """Whether it is a column of exports; a pattern holds behind a tag's name alone.

        `*_max` would else take `PDT3108_max`, and a mistyped name would never reach the rule that it is meant for.
        """
        if folded in self._ignored:
            return True
        return folded.startswith(self._owners) and any(fnmatchcase(folded, p) for p in self._patterns)

    def refuse(self, unknown: Sequence[str], field: str) -> UnknownFeature:
        """The answer to names that the plant doesn't know, with the nearest that it does."""
        nearest: dict[str, JsonValue] = {}
        names = [name[:LONGEST_NAME] for name in unknown[:MOST_NAMED]]
        for name in names[:MOST_NEAREST]:
            close = difflib.get_close_matches(name.casefold(), self._canonical, n=1, cutoff=0.5)
            nearest[name] = self._canonical[close[0]] if close else None
        first, near = next(iter(nearest.items()))
        hint = f"; did you mean {near}?" if near else ""
        return UnknownFeature(
            f"{field}: {self._plant} has no {first!r}{hint}", unknown=[*names], nearest=nearest
        )


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def _plant_names(profile: PlantProfile) -> dict[str, str]:
    """Folded → canonical: tags, their aliases and extremes, deviations."""
    found = {name.casefold(): name for name in (*profile.columns, *profile.deviations)}
    for tag in profile.tags:
        found |= {alias.casefold(): tag.name for alias in tag.aliases}
    return found
