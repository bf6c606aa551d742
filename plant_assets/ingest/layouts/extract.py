"""Reads the cells that a layout points at into records."""

from datetime import datetime

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.numbers import Decimal, find_decimal, parse_numbers, parse_quality
from plant_assets.ingest.decode.times import parse_times
from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.layouts.matching import SeriesSource, TableLayout

PART = pl.Schema(
    {
        "timestamp": pl.Datetime("us", "UTC"),
        "tag": pl.String(),
        "value": pl.Float64(),
        "quality": pl.String(),
        "row": pl.UInt32(),
    }
)


class TableReader:
    """Reads one grid by its layout; times that several columns share are parsed once."""

    def __init__(self, grid: CellGrid, layout: TableLayout, zone: str, now: datetime) -> None:
        self._grid = grid
        self._sources = layout.sources
        self._begin = layout.table.header.begin
        self._zone = "UTC" if layout.table.utc else zone
        self._now = now
        self._body = grid.frame.slice(self._begin)
        self._rows = pl.int_range(self._begin + 1, grid.frame.height + 1, dtype=pl.UInt32, eager=True)
        self._times: dict[tuple[int, ...], pl.Series] = {}
        self.counts = {"missing": 0, "not_finite": 0, "bad_quality": 0}
        self.notes: list[str] = []

    def column(self, index: int) -> pl.Series:
        return self._body[str(index)]

    def place(self, column: int):
        name = "" if self._grid.names else self._title(column)
        return lambda row: self._grid.place(row + self._begin, column, name)

    def _title(self, column: int) -> str:
        head = self._grid.frame[str(column)].head(self._begin).drop_nulls()
        return str(head[-1]) if head.len() else ""

    def decimal(self, delimiter: str | None, *, workbook: bool) -> Decimal:
        if workbook:
            return "cell"
        columns = [source.value for source in self._sources]
        return find_decimal([self.column(c) for c in columns], [self.place(c) for c in columns], delimiter)

    def records(self, decimal: Decimal) -> pl.DataFrame:
        """Records in file order; bad, missing and infinite values are dropped and counted."""
        parts = [self._source(source, decimal) for source in self._sources]
        return pl.concat(parts) if parts else pl.DataFrame(schema=PART)

    def _source(self, source: SeriesSource, decimal: Decimal) -> pl.DataFrame:
        raw = self.column(source.value)
        numbers = parse_numbers(raw, decimal, self.place(source.value))
        times = self.times(source)
        kept = times.is_not_null()
        if (lost := numbers.values.is_not_null() & ~kept).any():
            raise Refusal(
                "missing_time",
                "a value without a time",
                place=self.place(source.times[0])(lost.arg_max() or 0),
                expected="a time in every row that has a value",
            )
        quality, unknown = parse_quality(
            None if source.quality is None else self.column(source.quality), raw.len()
        )
        if unknown:
            self.notes.append(f"Qualities not known, taken as uncertain: {', '.join(unknown)}.")
        tag = self._tags(source) if source.tag is None else pl.lit(source.tag)
        frame = pl.DataFrame(
            [times.alias("timestamp"), numbers.values.alias("value"), quality.alias("quality")]
        )
        frame = frame.with_columns(tag.alias("tag"), self._rows.alias("row"))
        self.counts["not_finite"] += numbers.not_finite
        self.counts["missing"] += int((kept & numbers.values.is_null()).sum()) - numbers.not_finite
        frame = frame.drop_nulls(["timestamp", "value", "tag"])
        good = frame.filter(pl.col("quality") != "bad") if source.quality is not None else frame
        self.counts["bad_quality"] += frame.height - good.height
        return good.select(PART.names()).cast(PART)

    def times(self, source: SeriesSource) -> pl.Series:
        if (known := self._times.get(source.times)) is None:
            raw = self.column(source.times[0])
            if len(source.times) == 2:
                clock = self.column(source.times[1]).cast(pl.String).str.replace(r"^1899-12-3[01] ", "")
                date = raw.cast(pl.String).str.replace(r" 00:00:00$", "")
                raw = pl.select(pl.concat_str(date, clock, separator=" ")).to_series()
            series = None if source.tag_column is None else self.column(source.tag_column)
            known = parse_times(raw, self._zone, self.place(source.times[0]), now=self._now, series=series)
            self._times[source.times] = known
        return known

    def _tags(self, source: SeriesSource) -> pl.Series:
        """Tags of a long table, null where the plant knows none."""
        assert source.tag_column is not None
        raw = self.column(source.tag_column).cast(pl.String)
        if nameless := int((raw.is_null() & self.column(source.value).is_not_null()).sum()):
            self.notes.append(f"{nameless} rows name no tag and were not read.")
        return raw.replace_strict(source.tags, default=None, return_dtype=pl.String)
