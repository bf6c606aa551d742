"""Finds a plant's columns behind the names that exports use."""

import difflib
import re
from fnmatch import fnmatchcase

from plant_assets.ingest.layouts.units import split_words_behind_unit
from plant_assets.ingest.layouts.words import (
    PRESENT_VALUE_WORDS,
    bare_name,
    plain_name,
    without_value_word,
)
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import ReadingOptions

_MEANINGS = {
    "time": "timestamp",
    "start": "start_time",
    "end": "end_time",
    "quality": "quality",
    "unit": "unit",
}


class PlantNames:
    """The value columns and controllers of a profile, by every name that stands for them.

    Without a profile, as before there is a plant, nothing but times is known.

    Args:
        profile: of the plant.
        reading: what is told of its exports; the profile's own by default.

    Attributes:
        plant: whether there is one.
        headless: the columns of files without a header, empty where they are numbered; None where files have one.
        paced: whether rows of files without times have them by their number.
        controllers: plain name → name.
    """

    def __init__(self, profile: PlantProfile | None, reading: ReadingOptions | None = None) -> None:
        self.plant = profile is not None
        reading = reading or (profile.reading if profile else ReadingOptions())
        self.headless = reading.names
        self.paced = reading.step is not None
        columns = set(profile.columns) if profile else set()
        self._columns = {plain_name(column): column for column in profile.columns} if profile else {}
        self._written: dict[str, str] = {}
        for tag in profile.tags if profile else ():
            for alias in tag.aliases:
                self._written[alias.strip().casefold()] = tag.name
                self._columns.setdefault(plain_name(alias), tag.name)
                for end in ("max", "min"):
                    if f"{tag.name}_{end}" in columns:
                        self._columns.setdefault(plain_name(f"{alias}_{end}"), f"{tag.name}_{end}")
        self._roles = profile.controllers if profile else {}
        self.controllers = {plain_name(name): name for name in self._roles}
        self._ignored = [pattern.casefold() for pattern in profile.ignored_columns] if profile else []
        self._told = {header.strip().casefold(): meaning for header, meaning in reading.columns}

    def column(self, name: str) -> str | None:
        """The column that a header means: case, units, separators and server or area prefixes don't count.

        An alias that is written just like the header comes first: `Temp (in)` and `Temp (out)` are two tags.
        """
        if (written := self._written.get(name.strip().casefold())) is not None:
            return written
        parts = re.split(r"[.:/\\|!]+|;[sigb]=", bare_name(name))
        candidates = [plain_name("_".join(parts[start:])) for start in range(min(len(parts), 12))]
        if plain_name(parts[-1]) in PRESENT_VALUE_WORDS:
            candidates.append(plain_name("_".join(parts[:-1])))
        candidates.append(without_value_word(plain_name(name)))
        if (known := next((self._columns[c] for c in candidates if c in self._columns), None)) is not None:
            return known
        bare, rest = split_words_behind_unit(name)
        return self.column(bare) if rest else None

    def title(self, header: str) -> str:
        """A header as the words of headers tell it, where the profile says what its column holds."""
        told = self._told.get(header.strip().casefold())
        return header if told in (None, "ignored", "label") else _MEANINGS.get(told, told)

    def is_label(self, header: str) -> bool:
        """Whether the profile says that a column tells which rows are abnormal."""
        return self._told.get(header.strip().casefold()) == "label"

    def role(self, controller: str, role: str) -> str | None:
        return self._roles[controller].get(role)

    def ignores(self, name: str) -> bool:
        folded = name.strip().casefold()
        return self._told.get(folded) == "ignored" or any(
            fnmatchcase(folded, pattern) for pattern in self._ignored
        )

    def nearest(self, name: str) -> str | None:
        found = difflib.get_close_matches(plain_name(name)[:80], self._columns, n=1, cutoff=0.75)
        return self._columns[found[0]] if found else None

    def find_in(self, text: str) -> str | None:
        """The one column or controller that a file or sheet name speaks of; None if none, or several."""
        folded = plain_name(text)
        known = {**self.controllers, **self._columns}
        if folded in known:
            return known[folded]
        spans: list[tuple[int, int, str]] = []
        for key, value in known.items():
            pattern = rf"(?<![a-z0-9]){re.escape(key)}(?![a-z0-9])"
            spans += [(m.start(), m.end(), value) for m in re.finditer(pattern, folded)]
        widest = [
            value
            for low, high, value in spans
            if not any(a <= low and high <= b and (b - a) > (high - low) for a, b, _ in spans)
        ]
        return widest[0] if len(set(widest)) == 1 else None
