"""Turns event-driven records into rows of equal spacing, without ever looking ahead.

A row labelled t stands for [t, t + interval): it is complete at t + interval, and no later record
changes it. Its value is the median of the interval's records; without any, the last recorded value
stands in for at most `sampling.hold_limit`, and beyond that the value is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from plant_assets.ingest.grid.quality import flag_column, flags
from plant_assets.ingest.grid.sources import SOURCES, sources
from plant_assets.ingest.records import TIME
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Aggregate, Tag

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
    grid = _TimeGrid.over(lazy, profile)
    if grid is None:
        return pl.DataFrame(schema=raw_schema(profile))
    columns: dict[str, pl.Series] = {}
    spans: list[pl.DataFrame] = []
    for tag in profile.tags:
        parts = {name: grid.column(name) for name in _names(tag)}
        filled = grid.fill(tag, parts)
        spans += [_spans(part) for part in parts.values()]
        spans.append(_held_spans(filled))
        columns |= {name: filled[name] for name in (*_names(tag), flag_column(tag.name))}
    columns["sources"] = sources(spans, grid.files, grid.rows)
    columns["timestamp"] = grid.times()
    return pl.DataFrame([columns[name].alias(name) for name in raw_schema(profile)])


@dataclass(frozen=True, slots=True)
class _TimeGrid:
    """The equally spaced rows, and the records that are put on them; `slot` is a row's number."""

    records: pl.LazyFrame
    profile: PlantProfile
    start_us: int
    rows: int
    files: pl.Enum

    @classmethod
    def over(cls, records: pl.LazyFrame, profile: PlantProfile) -> "_TimeGrid | None":
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
        files = records.select(pl.col("file").unique().cast(pl.String)).collect()["file"].sort()
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
            pl.col("file").cast(pl.String).cast(self.files).to_physical().alias("file"),
            "row",
            (pl.col("quality") == "uncertain").alias("uncertain"),
            ((pl.col("timestamp").to_physical() - self.start_us) // step).cast(pl.UInt32).alias("slot"),
        )
        frame = part.collect().sort("timestamp", maintain_order=True)
        last = (pl.col("timestamp") != pl.col("timestamp").shift(-1)).fill_null(True)
        return frame.filter(last).with_columns(pl.col("slot").set_sorted())

    def fill(self, tag: Tag, parts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """A tag's columns on every slot: value, flags, extremes; and the record that a held value is."""
        sampling = self.profile.sampling
        slots = pl.DataFrame(
            {"slot": pl.int_range(self.rows, eager=True, dtype=pl.UInt32), "timestamp": self.times()}
        )
        steps = sampling.hold_limit // sampling.interval
        filled = slots.join(_summary(parts[tag.name]), on="slot", how="left", maintain_order="left")
        for aggregate in tag.aggregates:
            own = _extreme(parts[f"{tag.name}_{aggregate}"], aggregate)
            filled = filled.join(own, on="slot", how="left", maintain_order="left")
        held = pl.col("last").forward_fill(steps)
        uncertain = pl.coalesce("uncertain", pl.col("last_uncertain").forward_fill(steps))
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
                uncertain=uncertain,
                sampling=sampling,
            ),
        )


def _names(tag: Tag) -> list[str]:
    """The tag's columns in the raw table."""
    return [tag.name, *(f"{tag.name}_{aggregate}" for aggregate in tag.aggregates)]


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
            pl.col("uncertain").any(),
            pl.col("uncertain").last().alias("last_uncertain"),
            pl.col("file").last().alias("held_file"),
            pl.col("row").last().alias("held_row"),
        )
    )


def _extreme(column: pl.DataFrame, aggregate: Aggregate) -> pl.DataFrame:
    value = pl.col("value").max() if aggregate == "max" else pl.col("value").min()
    return column.group_by("slot", maintain_order=True).agg(value.alias(f"own_{aggregate}"))


def _spans(column: pl.DataFrame) -> pl.DataFrame:
    """Runs of records of one slot and file, first and last row of each."""
    begins = (
        (pl.col("slot") != pl.col("slot").shift()) | (pl.col("file") != pl.col("file").shift())
    ).fill_null(True)
    runs = column.select("slot", "file", "row", run=begins.cum_sum())
    ends = runs.group_by("run", maintain_order=True).agg(
        pl.col("slot", "file").first(), first_row=pl.col("row").min(), last_row=pl.col("row").max()
    )
    return ends.drop("run")


def _held_spans(filled: pl.DataFrame) -> pl.DataFrame:
    """The one record that each held value is."""
    row = pl.col("held_row")
    held = filled.filter(pl.col("median").is_null() & row.is_not_null())
    return held.select("slot", pl.col("held_file").alias("file"), first_row=row, last_row=row)


def _us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
