"""Turns event-driven records into rows of equal spacing, without ever looking ahead.

A row labelled t stands for [t, t + interval): it is complete at t + interval, and no later record
changes it. Its value is the median of the interval's records; without any, the last recorded value
stands in for at most `sampling.hold_limit`, and beyond that the value is null.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from plant_assets.ingest.quality import flag_column, flags
from plant_assets.ingest.records import TIME
from plant_assets.ingest.sources import SOURCES, sources
from plant_assets.profile.model import Aggregate, PlantProfile, Tag

MAX_ROWS = 100_000_000


def raw_schema(profile: PlantProfile) -> pl.Schema:
    """Columns of the raw table, in order."""
    return pl.Schema(
        {
            "timestamp": TIME,
            **{name: pl.Float64() for name in profile.columns},
            **{flag_column(name): pl.UInt8() for name in profile.tag_names},
            "sources": SOURCES,
        }
    )


def resample(records: pl.DataFrame | pl.LazyFrame, profile: PlantProfile) -> pl.DataFrame:
    """The raw table: a complete regular grid from the first to the last record.

    With lazy records those of one column are in memory at a time.

    Args:
        records: RECORD_SCHEMA, in any order; of equal (timestamp, tag) the last row counts.
        profile: names the columns, the interval and the limits.

    Returns:
        `timestamp`, the interval's start in UTC; every column of `profile.columns`, null where missing;
        `<tag>_flags`, bits of `quality`; `sources`, the files and rows that the row's values come from.

    Raises:
        ValueError: the records span more than MAX_ROWS intervals.
    """
    lazy = records.lazy().filter(pl.col("tag").is_in(profile.columns))
    grid = _Grid.over(lazy, profile)
    if grid is None:
        return pl.DataFrame(schema=raw_schema(profile))
    columns: dict[str, pl.Series] = {}
    spans: list[pl.DataFrame] = []
    for tag in profile.tags:
        filled = grid.fill(tag)
        spans += grid.spans(tag, filled)
        columns |= {name: filled[name] for name in (tag.name, flag_column(tag.name))}
        columns |= {name: filled[name] for name in filled.columns if name in profile.columns}
    columns["sources"] = sources(spans, grid.files, grid.rows)
    columns["timestamp"] = grid.times()
    return pl.DataFrame([columns[name].alias(name) for name in raw_schema(profile)])


@dataclass(frozen=True, slots=True)
class _Grid:
    """The equally spaced rows, and the records that are put on them; `slot` is a row's number."""

    records: pl.LazyFrame
    profile: PlantProfile
    start_us: int
    rows: int
    files: pl.Enum

    @classmethod
    def over(cls, records: pl.LazyFrame, profile: PlantProfile) -> "_Grid | None":
        step = _us(profile.sampling.interval)
        times = pl.col("timestamp").to_physical()
        first, last = records.select(times.min().alias("a"), times.max().alias("b")).collect().row(0)
        if first is None:
            return None
        rows = last // step - first // step + 1
        if rows > MAX_ROWS:
            raise ValueError(
                f"records span {rows:,} intervals of {step / 1e6:g} s; at most {MAX_ROWS:,} are kept"
            )
        files = records.select(pl.col("file").unique()).collect()["file"].sort()
        return cls(records, profile, first // step * step, rows, pl.Enum(files))

    def times(self) -> pl.Series:
        step = _us(self.profile.sampling.interval)
        return (pl.int_range(self.rows, eager=True) * step + self.start_us).cast(TIME)

    def column(self, name: str) -> pl.DataFrame:
        """One column's records by time, with their slot; duplicates resolved, the last one wins."""
        step = _us(self.profile.sampling.interval)
        part = self.records.filter(pl.col("tag") == name).select(
            "timestamp",
            "value",
            pl.col("file").cast(self.files).to_physical().alias("file"),
            "row",
            ((pl.col("timestamp").to_physical() - self.start_us) // step).cast(pl.UInt32).alias("slot"),
        )
        frame = part.collect().sort("timestamp", maintain_order=True)
        return frame.unique("timestamp", keep="last", maintain_order=True).with_columns(
            pl.col("slot").set_sorted()
        )

    def fill(self, tag: Tag) -> pl.DataFrame:
        """A tag's columns on every slot: value, flags, extremes; and the record that a held value is."""
        sampling = self.profile.sampling
        slots = pl.DataFrame(
            {"slot": pl.int_range(self.rows, eager=True, dtype=pl.UInt32), "timestamp": self.times()}
        )
        steps = sampling.hold_limit // sampling.interval
        filled = slots.join(_summary(self.column(tag.name)), on="slot", how="left", maintain_order="left")
        for aggregate in tag.aggregates:
            own = _extreme(self.column(f"{tag.name}_{aggregate}"), aggregate)
            filled = filled.join(own, on="slot", how="left", maintain_order="left")
        held = pl.col("last").forward_fill(steps)
        value = pl.coalesce("median", held)
        return filled.with_columns(
            value.alias(tag.name),
            pl.col("held_file", "held_row").forward_fill(steps),
            *(
                pl.coalesce(f"own_{aggregate}", f"seen_{aggregate}", held).alias(f"{tag.name}_{aggregate}")
                for aggregate in tag.aggregates
            ),
            flags(
                tag,
                value,
                recorded=pl.col("median").is_not_null(),
                age=pl.col("timestamp") - pl.col("last_time").forward_fill(),
                unchanged=pl.col("unchanged"),
                sampling=sampling,
            ),
        )

    def spans(self, tag: Tag, filled: pl.DataFrame) -> list[pl.DataFrame]:
        """Where the tag's values come from: the interval's records, or the one record that is held."""
        names = [tag.name, *(f"{tag.name}_{aggregate}" for aggregate in tag.aggregates)]
        recorded = [_spans(self.column(name)) for name in names]
        held = filled.filter(pl.col("median").is_null() & pl.col("held_row").is_not_null())
        row = pl.col("held_row")
        return [
            *recorded,
            held.select(
                "slot", pl.col("held_file").alias("file"), row.alias("first_row"), row.alias("last_row")
            ),
        ]


def _summary(column: pl.DataFrame) -> pl.DataFrame:
    """A tag's records by slot: median, extremes, the last record, and for how long its value repeats."""
    changed = (pl.col("value") != pl.col("value").shift()).fill_null(True)
    since = pl.when(changed).then("timestamp").forward_fill()
    return (
        column.with_columns(unchanged=pl.col("timestamp") - since)
        .group_by("slot", maintain_order=True)
        .agg(
            pl.col("value").median().alias("median"),
            pl.col("value").max().alias("seen_max"),
            pl.col("value").min().alias("seen_min"),
            pl.col("value").last().alias("last"),
            pl.col("timestamp").last().alias("last_time"),
            pl.col("unchanged").last(),
            pl.col("file").last().alias("held_file"),
            pl.col("row").last().alias("held_row"),
        )
    )


def _extreme(column: pl.DataFrame, aggregate: Aggregate) -> pl.DataFrame:
    value = pl.col("value").max() if aggregate == "max" else pl.col("value").min()
    return column.group_by("slot", maintain_order=True).agg(value.alias(f"own_{aggregate}"))


def _spans(column: pl.DataFrame) -> pl.DataFrame:
    rows = pl.col("row")
    return column.group_by("slot", "file", maintain_order=True).agg(
        rows.min().alias("first_row"), rows.max().alias("last_row")
    )


def _us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
