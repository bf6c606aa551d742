"""Stored values as records of a plant: which name each has, its quality, and the last of its corrections.

Belongs here: from values to records. Doesn't belong here: asking the store (`reader.py`), files (`plant_assets/cli`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from serving.live.outputs.influx.annotated_csv import RowFault, StoredValue
from serving.live.outputs.influx.points import QUALITY_CODES

_NAMED_BY = re.compile(r"field|measurement|tag:(.+)")
_WORDS = {code: word for word, code in QUALITY_CODES.items()}


@dataclass(frozen=True, slots=True)
class NamingRule:
    """What a value is called: `tag:KEY` by a tag of its point, which has the fields value and quality; else `field` or `measurement`."""

    by: str

    def __post_init__(self) -> None:
        if not _NAMED_BY.fullmatch(self.by):
            raise ValueError(f"got {self.by!r}; expected field, measurement or tag:KEY, such as tag:tag")

    @property
    def key(self) -> str:
        return self.by.partition(":")[2]

    def name_of(self, value: StoredValue) -> str:
        """The name; empty where the value has none by this rule."""
        if self.key:
            return value.tags.get(self.key, "")
        return value.field if self.by == "field" else value.measurement


class ExportedRecord(NamedTuple):
    tag: str
    time_us: int
    value: float | None
    quality: str


class RecordCollector:
    """Gathers values until all are there.

    Attributes:
        faults: rows that can't be used.
    """

    def __init__(self, rule: NamingRule) -> None:
        self._rule = rule
        self._values: dict[tuple[str, int], tuple[int, float | None]] = {}
        self._qualities: dict[tuple[str, int], tuple[int, str]] = {}
        self.faults: list[RowFault] = []

    def add(self, found: Iterable[StoredValue | RowFault]) -> None:
        for value in found:
            if isinstance(value, RowFault):
                self.faults.append(value)
            else:
                self._take(value)

    def _take(self, value: StoredValue) -> None:
        name = self._rule.name_of(value)
        if not name:
            expected = f"a tag {self._rule.key!r}" if self._rule.key else f"a {self._rule.by}"
            self.faults.append(RowFault(value.place, f"no name; expected {expected}"))
            return
        try:
            rank = int(value.tags.get("correction", "0"))
        except ValueError:
            self.faults.append(RowFault(value.place, "correction: expected a whole number"))
            return
        key = name, value.time_us
        if value.field == "quality" and self._rule.by != "field":
            word = _WORDS.get(int(value.value)) if value.value is not None else None
            if word is None:
                self.faults.append(RowFault(value.place, f"quality is {value.value}; expected 192, 64 or 0"))
            elif rank >= self._qualities.get(key, (0, ""))[0]:
                self._qualities[key] = rank, word
        elif rank >= self._values.get(key, (0, None))[0]:
            self._values[key] = rank, value.value

    def records(self) -> list[ExportedRecord]:
        """All records by name and time; what has a quality alone has no value."""
        keys = sorted(self._values.keys() | self._qualities.keys())
        return [self._record(key) for key in keys]

    def _record(self, key: tuple[str, int]) -> ExportedRecord:
        rank, value = self._values.get(key, (0, None))
        of_quality, quality = self._qualities.get(key, (0, "good" if value is not None else "bad"))
        return ExportedRecord(*key, value if rank >= of_quality else None, quality)
