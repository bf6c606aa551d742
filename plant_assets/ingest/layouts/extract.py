"""Reads the cells that a layout points at into records."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.numbers import SWITCHED, Decimal, find_decimal, is_switched, parse_numbers
from plant_assets.ingest.decode.quality import GradedColumn, grade_column, worst_of
from plant_assets.ingest.decode.times import TimeGuesses, parse_times
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.bare_clock import with_colons
from plant_assets.ingest.layouts.label_column import label_periods
from plant_assets.ingest.layouts.matching import SeriesSource, TableLayout
from plant_assets.ingest.layouts.table import TimeColumns
from plant_assets.ingest.layouts.words import DAY_OF_YEAR_WORDS, plain_name, plain_word
from plant_assets.ingest.records import QUALITY, RECORD_SCHEMA
from plant_assets.profile.durations import format_duration
from plant_assets.profile.options import QualityScale, ReadingOptions

LEFT_OUT = pl.Schema({"tag": pl.String(), "missing": pl.Int64(), "not_finite": pl.Int64(), "bad": pl.Int64()})
"""How many records of a tag hold no value, an infinite one, or one of bad quality."""

_SCALES: dict[QualityScale, str] = {
    "one_is_good": "1 is good, 0 bad",
    "zero_is_good": "0 is good",
    "opc_da": "OPC DA codes: 192 and above good, 64 to 191 uncertain, below bad",
    "opc_ua": "OPC UA status codes: 0 good",
    "percent": "percent: 100 good, 0 bad, uncertain between",
}
_SUMMARY = re.compile(
    r"\W*(average|avg|mean|median|total|sum|min|max|minimum|maximum|std|count|end|summe|mittel|durchschnitt|anzahl|ende|"
    r"moyenne|somme|total|promedio|suma|media|somma|gemiddelde|totaal)(?![^\W\d])",
    re.IGNORECASE,
)
_START = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_BELOW = 12
_CALENDAR_PARTS = 6
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a table is read with.

    Attributes:
        zone: of times without an offset.
        now: later records are refused.
        file: the SHA-256 of the file in hex.
        options: what the plant tells of its exports.
    """

    zone: str
    now: datetime
    file: str = ""
    options: ReadingOptions = field(default_factory=ReadingOptions)


class TableReader:
    """Reads one grid by its layout; times and qualities that several columns share are parsed once.

    Attributes:
        label_columns: columns whose abnormal rows are periods.
        left_out: LEFT_OUT, a row a tag and source.
        notes: what a person should know of it.
        guesses: what wasn't told by the file, a sentence each.
        zone: of times without an offset; empty where all have one.
    """

    def __init__(self, grid: CellGrid, layout: TableLayout, context: ReadContext) -> None:
        self.notes: list[str] = []
        self._grid = grid
        self._sources = layout.sources
        self._table = layout.table
        self.label_columns = layout.label_columns
        self._begin = layout.table.header.begin
        # A person's word comes before that of the header.
        self._told_zone = "" if context.options.zone else layout.table.zone
        self._context = context
        self._body = grid.frame.slice(self._begin, self._end(grid) - self._begin)
        self._rows = pl.int_range(
            self._begin + 1, self._begin + self._body.height + 1, dtype=pl.UInt32, eager=True
        )
        self._times: dict[tuple[int, ...], pl.Series] = {}
        self._grades: dict[int, GradedColumn | Refusal] = {}
        self.left_out: list[pl.DataFrame] = []
        self.guesses: list[str] = []
        self.zone = ""

    def _end(self, grid: CellGrid) -> int:
        """Rows down to the table's end; below it stand sums and the like, with a word in the place of a time."""
        height = grid.frame.height
        if not self._table.times or grid.frame.schema[str(self._table.times[0][0])] != pl.String:
            return height
        times = grid.frame[str(self._table.times[0][0])].tail(_MOST_BELOW).fill_null("").to_list()
        below = len(list(takewhile(_SUMMARY.match, reversed(times))))
        if 0 < below < min(_MOST_BELOW, height - self._begin):
            many = "1 row" if below == 1 else f"{below} rows"
            self.notes.append(f"{many} below the last time not read, such as {quote(times[-below])}.")
            return height - below
        return height

    def column(self, index: int) -> pl.Series:
        return self._body[str(index)]

    def place(self, column: int) -> Callable[[int], str]:
        name = "" if self._grid.names else self._title(column)
        return lambda row: self._grid.place(row + self._begin, column, name)

    def _title(self, column: int) -> str:
        head = self._grid.frame[str(column)].head(self._begin).drop_nulls()
        return str(head[-1]) if head.len() else self._table.header.names[column]

    def decimal(self, delimiter: str | None, *, workbook: bool) -> Decimal:
        if workbook:
            return "cell"
        if self._context.options.decimal is not None:
            return self._context.options.decimal
        columns = [source.value for source in self._sources]
        cells, places = [self.column(c) for c in columns], [self.place(c) for c in columns]
        return find_decimal(cells, places, delimiter, dotted_dates=self._dotted_dates())

    def _dotted_dates(self) -> bool:
        columns = {source.times[0] for source in self._sources if source.times}
        firsts = (self.column(column).drop_nulls().head(1) for column in columns)
        return any(bool(_DOTTED.match(str(cell).strip())) for cells in firsts for cell in cells)

    def records(self, decimal: Decimal) -> list[pl.DataFrame]:
        """Records of each source in file order; bad, missing and infinite values are left out and counted."""
        if self._table.intervals:
            title = quote(self._table.header.names[self._table.times[0][0]])
            self.guesses.append(f"Each row is of an interval; its time is the start, {title}.")
        if self._told_zone:
            self.guesses.append(f"Times are in {self._told_zone}, as their header says.")
        for source in self._sources:
            if source.tag_column is not None:
                unnamed = self.column(source.tag_column).is_null() & self.column(source.value).is_not_null()
                if nameless := int(unnamed.sum()):
                    self.notes.append(f"{nameless} rows name no tag and were not read.")
        return [self._source(source, decimal) for source in self._sources]

    def periods(self) -> pl.DataFrame:
        """Stretches that columns of labels say are abnormal; `PERIOD_SCHEMA` without the file."""
        times = self.times(SeriesSource(-1, self._table.times[0]))
        titles = self._table.header.names
        parts = [
            label_periods(self.column(c), times, self._rows, titles[c], self.place(c))
            for c in self.label_columns
        ]
        return pl.concat(parts)

    def _source(self, source: SeriesSource, decimal: Decimal) -> pl.DataFrame:
        raw = self._values(source)
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
        quality = self._quality(source)
        if censored := int(numbers.censored.sum()):
            doubtful = pl.lit("uncertain", dtype=QUALITY)
            quality = pl.select(
                pl.when(numbers.censored & (quality == "good")).then(doubtful).otherwise(quality)
            ).to_series()
            cell, title = (
                quote(raw.filter(numbers.censored)[0]),
                quote(self._table.header.names[source.value]),
            )
            many = "1 value" if censored == 1 else f"{censored:,} values"
            self.guesses.append(
                f"{many} of {title}, such as {cell}, count as their limit, of uncertain quality."
            )
        frame = pl.DataFrame(
            [
                times.alias("timestamp"),
                numbers.values.alias("value"),
                quality.alias("quality"),
                numbers.infinite.alias("infinite"),
                self._rows.alias("row"),
            ]
        ).with_columns(
            tag=self._tags(source) if source.tag is None else pl.lit(source.tag).cast(pl.Categorical)
        )
        frame = frame.drop_nulls(["timestamp", "tag"])
        bad, missing = pl.col("quality") == "bad", pl.col("value").is_null()
        counted = frame.group_by("tag", maintain_order=True).agg(
            missing=(missing & ~bad & ~pl.col("infinite")).sum(),
            not_finite=(pl.col("infinite") & ~bad).sum(),
            bad=bad.sum(),
        )
        self.left_out.append(counted.cast(LEFT_OUT))  # pyright: ignore[reportArgumentType]
        file = pl.lit(self._context.file).cast(pl.Categorical).alias("file")
        kept = frame.filter(~bad & ~missing).with_columns(file)
        return kept.select(RECORD_SCHEMA.names()).cast(RECORD_SCHEMA)  # pyright: ignore[reportArgumentType]

    def _values(self, source: SeriesSource) -> pl.Series:
        """Cells of values; of a long table those of tags that the plant knows, on and off as 1 and 0."""
        raw = self.column(source.value)
        if source.tag_column is None or raw.dtype != pl.String:
            return raw
        tags = self._tags(source)
        raw = pl.select(pl.when(tags.is_not_null()).then(raw)).to_series().alias(raw.name)
        words = raw.str.strip_chars().str.to_lowercase()
        maybe = tags.filter(words.is_in(list(SWITCHED)).fill_null(False)).unique().to_list()
        switched = [tag for tag in maybe if is_switched(raw.filter((tags == tag).fill_null(False)))]
        if not switched:
            return raw
        numbers = words.replace_strict(SWITCHED, default=None, return_dtype=pl.Float64).cast(pl.String)
        return pl.select(pl.when(tags.is_in(switched)).then(numbers).otherwise(raw)).to_series()

    def _quality(self, source: SeriesSource) -> pl.Series:
        """The worst quality of each row, by all columns that can be understood."""
        graded = [self._graded(column) for column in source.qualities]
        clear = [one for one in graded if isinstance(one, GradedColumn)]
        unclear = [one for one in graded if isinstance(one, Refusal)]
        if unclear and not clear:
            raise unclear[0]
        return worst_of(clear, self._body.height)

    def _graded(self, column: int) -> GradedColumn | Refusal:
        if (known := self._grades.get(column)) is not None:
            return known
        title = self._table.header.names[column]
        word = plain_name(title)
        try:
            graded = grade_column(
                self.column(column), word, self.place(column), self._context.options.quality
            )
        except Refusal as refusal:
            self._grades[column] = refusal
            return refusal
        self._grades[column] = graded
        if graded.unknown:
            self.notes.append(f"Qualities not known, taken as uncertain: {', '.join(graded.unknown)}.")
        if graded.scale != "words":
            self.guesses.append(f"Qualities in {quote(title)} are {_SCALES[graded.scale]}.")
        return graded

    def times(self, source: SeriesSource) -> pl.Series:
        if (known := self._times.get(source.times)) is None and not source.times:
            known = self._times[()] = self._paced()
        elif known is None:
            raw = self._joined(source.times)
            series = None if source.tag_column is None else self.column(source.tag_column)
            known = parse_times(
                raw,
                self._context.zone,
                self.place(source.times[0]),
                now=self._context.now,
                series=series,
                told=self._told_zone,
                guesses=(guesses := TimeGuesses()),
            )
            self.zone = self._told_zone or guesses.zone
            if guesses.zone:
                self.guesses.append(f"Times have no offset; they are taken as local times of {guesses.zone}.")
            if guesses.ticks:
                self.guesses.append(f"Times are read as {guesses.ticks}.")
            if guesses.first:
                self.guesses.append(
                    f"Dates are read {guesses.first} first: only so no two rows are more than a day apart."
                )
            self._times[source.times] = known
        return known

    def _joined(self, columns: TimeColumns) -> pl.Series:
        """Times that stand in one column, in one of dates and one of clock times, or in those of a calendar; with their zone."""
        *rest, last = columns
        if rest and last in self._table.header.zones:
            clocked = self._joined(tuple(rest)).cast(pl.String)
            zone = self.column(last).str.strip_chars()
            return pl.select(pl.concat_str(clocked, zone, separator=" ")).to_series()
        if rest and last in self._table.header.millis:
            return _with_millis(self._joined(tuple(rest)), self.column(last))
        first, *others = (self.column(c) for c in columns)
        if not others:
            return first
        names = [self._table.header.names[c] for c in columns]
        is_day_of_year = plain_word(names[1]) in DAY_OF_YEAR_WORDS
        if len(others) == 1 and not is_day_of_year:
            clock = with_colons(others[0])
            if not clock.equals(others[0].cast(pl.String)):
                self.guesses.append(f"Times are put together from {', '.join(map(quote, names))}.")
            clock = clock.str.replace(r"^1899-12-3[01] ", "")
            date = first.cast(pl.String).str.replace(r" 00:00:00$", "")
            return pl.select(pl.concat_str(date, clock, separator=" ")).to_series()
        self.guesses.append(f"Times are put together from {', '.join(map(quote, names))}.")
        parts = [c.cast(pl.String).str.strip_chars().str.replace(r"\.0+$", "") for c in (first, *others)]
        if is_day_of_year:
            parts[1:2] = _month_and_day(parts[0], parts[1])
        parts += [pl.Series(["00"] * first.len(), dtype=pl.String)] * (_CALENDAR_PARTS - len(parts))
        two = [part.str.zfill(2) for part in parts]
        return pl.select(
            pl.concat_str(
                pl.concat_str(two[:3], separator="-"), pl.concat_str(two[3:], separator=":"), separator=" "
            )
        ).to_series()

    def _paced(self) -> pl.Series:
        """Times of a table without any, at the pace that the profile tells."""
        step, start = self._context.options.step, self._context.options.start
        assert step is not None
        if start is None:
            self.guesses.append(
                f"Rows have no times; they are taken as {format_duration(step)} apart from {_START:%Y-%m-%d} on."
            )
        steps = pl.int_range(self._body.height, eager=True) * (step // timedelta(microseconds=1))
        first = (start or _START).astimezone(UTC)
        return (steps + int(first.timestamp() * 1e6)).cast(pl.Datetime("us", "UTC"))

    def _tags(self, source: SeriesSource) -> pl.Series:
        """Tags of a long table, null where the plant knows none."""
        assert source.tag_column is not None
        raw = self.column(source.tag_column).cast(pl.String)
        return raw.replace_strict(source.tags, default=None, return_dtype=pl.Categorical)


def _with_millis(times: pl.Series, millis: pl.Series) -> pl.Series:
    """Times that go on with a column of milliseconds; numbers, and texts without seconds, stay as they are."""
    parts = millis.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).fill_null(0)
    if times.dtype.is_temporal():
        return times.cast(pl.Datetime("us")) + pl.select(pl.duration(milliseconds=pl.lit(parts))).to_series()
    if times.dtype != pl.String:
        return times
    ends = times.str.extract_groups(r"^(.*\d:\d\d:\d\d)([^.,\d].*)?$").struct.unnest()
    told = pl.concat_str(ends["1"], parts.cast(pl.String).str.zfill(3), separator=".")
    whole = pl.concat_str(told, ends["2"].fill_null(""))
    return pl.select(pl.coalesce(whole, times)).to_series()


def _month_and_day(year: pl.Series, day_of_year: pl.Series) -> list[pl.Series]:
    """Months and days of texts; a text that is no day of its year stays, for the refusal."""
    numbers = [part.cast(pl.Int32, strict=False) for part in (year, day_of_year)]
    first = pl.select(pl.date(pl.lit(numbers[0]), 1, 1)).to_series()
    date = first + pl.select(pl.duration(days=pl.lit(numbers[1] - 1))).to_series()
    is_sound = (date.dt.year() == numbers[0]).fill_null(value=False)
    found = [date.dt.strftime("%m"), date.dt.strftime("%d")]
    return [pl.select(pl.when(is_sound).then(part).otherwise(day_of_year)).to_series() for part in found]
