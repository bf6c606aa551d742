"""From a row of the raw table back to the files, and their rows, that its values come from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from plant_assets.ingest.history import DropInfo


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of a file's rows, as a person counts them; `name` is empty for a file not known any more."""

    file: str
    name: str
    dropped_at: datetime | None
    first_row: int
    last_row: int

    def __str__(self) -> str:
        rows = (
            f"row {self.first_row}"
            if self.first_row == self.last_row
            else f"rows {self.first_row}-{self.last_row}"
        )
        return f"{self.name or self.file[:12]}, {rows}"


def sources_between(
    raw: pl.DataFrame, drops: Iterable[DropInfo], start: datetime, end: datetime
) -> list[Source]:
    """Files behind the raw rows of start <= timestamp <= end, with the rows of each, in file order.

    Args:
        raw: the raw table, with `sources`.
        drops: of the history, oldest first; a file's first drop counts.
        start, end: first and last row, such as the look-back of one prediction.
    """
    spans = (
        raw.lazy()
        .filter(pl.col("timestamp").is_between(start, end))
        .select(pl.col("sources").explode())
        .drop_nulls()
        .unnest("sources")
        .group_by("file")
        .agg(pl.col("first_row").min(), pl.col("last_row").max())
        .sort("file")
        .collect()
    )
    known = _known(drops)
    return [
        Source(file, *known.get(file, ("", None)), first, last)
        for file, first, last in spans.select("file", "first_row", "last_row").iter_rows()
    ]


def _known(drops: Iterable[DropInfo]) -> Mapping[str, tuple[str, datetime]]:
    found: dict[str, tuple[str, datetime]] = {}
    for drop in drops:
        for file in drop.files:
            found.setdefault(file.sha256, (file.name, drop.at))
    return found
