"""The CSV of Influx' Flux queries and of its data explorer, annotated (`#datatype`, `#group`, `#default`) or plain.

Belongs here: from text to one value a row, with faults by line. Doesn't belong here: where the text comes from.

An answer may hold several tables, each with its own header; an empty line or new annotations begin the next.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

RESERVED = frozenset({"", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StoredValue:
    """One field's value at one time.

    Attributes:
        value: None where it isn't a number, or absent.
        place: where it was read, for people, such as `line 7`.
    """

    measurement: str
    tags: Mapping[str, str]
    field: str
    value: float | None
    time_us: int
    place: str = ""


@dataclass(slots=True)
class _Table:
    """What the lines above a row say of its columns."""

    header: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)

    def row(self, cells: list[str]) -> dict[str, str]:
        given = dict(zip(self.header, cells, strict=True))
        for name, default in zip(self.header, self.defaults, strict=False):
            if not given[name]:
                given[name] = default
        return given


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that can't be used: where it is, and what was got and expected."""

    place: str
    reason: str


def read_annotated(lines: Iterable[str]) -> Iterator[StoredValue | RowFault]:
    """Each row's value, or what is wrong with the row.

    Yields a fault for a file without columns `_time` and `_value`, too: then no row of that table follows.
    """
    table, skips = _Table(), False
    reader = csv.reader(lines)
    for cells in reader:
        place = f"line {reader.line_num}"
        if not cells or not any(cells):
            table, skips = _Table(), False
        elif cells[0].startswith("#"):
            if table.header:
                table, skips = _Table(), False
            if cells[0] == "#default":
                table.defaults = ["", *cells[1:]]
        elif not table.header:
            table.header = cells
            if fault := _missing_columns(cells):
                skips = True
                yield RowFault(place, fault)
        elif not skips:
            yield _value(table, cells, place)


def _missing_columns(header: list[str]) -> str:
    missing = [name for name in ("_time", "_value") if name not in header]
    if not missing:
        return ""
    shown = ", ".join(name for name in header if name)[:200]
    return f"no column {' and '.join(missing)} among {shown}; expected a CSV export of a Flux query"


def _value(table: _Table, cells: list[str], place: str) -> StoredValue | RowFault:
    if len(cells) != len(table.header):
        return RowFault(place, f"{len(cells)} cells; expected {len(table.header)}, as the header has")
    row = table.row(cells)
    try:
        time_us = parse_time_us(row["_time"])
    except ValueError:
        return RowFault(place, f"_time is {row['_time']!r}; expected a time such as 2025-03-03T06:00:00Z")
    try:
        value = _number(row["_value"])
    except ValueError:
        return RowFault(place, f"_value is {row['_value'][:40]!r}; expected a number")
    tags = {name: cell for name, cell in row.items() if name not in RESERVED and cell}
    return StoredValue(row.get("_measurement", ""), tags, row.get("_field", ""), value, time_us, place)


def parse_time_us(text: str) -> int:
    """Microseconds of an RFC 3339 time with up to nine decimals; without an offset it is UTC.

    Raises:
        ValueError: anything else.
    """
    time = datetime.fromisoformat(text.strip())
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // _MICROSECOND


def _number(text: str) -> float | None:
    word = text.strip().lower()
    if word in ("", "nan", "null"):
        return None
    if word in ("true", "false"):
        return float(word == "true")
    number = float(word)
    if not math.isfinite(number) or "_" in word:
        raise ValueError(text)
    return number
