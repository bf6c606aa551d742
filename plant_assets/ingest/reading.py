"""Reads one dropped file into records or operator periods, or refuses it.

Belongs here: the order of the steps and what a reading is. Decoding bytes is in `decode/`, recognising
tables in `layouts/`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from plant_assets.ingest.codes import FoundCode, drop_codes
from plant_assets.ingest.decode.cells import CellGrid, DecodedFile
from plant_assets.ingest.decode.opening import MAX_BYTES, OpenedFile, open_file, refuse_unreadable
from plant_assets.ingest.errors import Refusal, name_file, quote
from plant_assets.ingest.layouts.extract import LEFT_OUT, ReadContext, TableReader
from plant_assets.ingest.layouts.matching import TableLayout, lay_out
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.operator_log import read_periods
from plant_assets.ingest.records import PERIOD_SCHEMA, empty_records, last_wins
from plant_assets.profile.model import PlantProfile

MOST = 0.5
"""Share of a tag's values outside its range above which the file is refused: a wrong unit or tag."""

_NOT_A_TABLE = frozenset({"no_known_tag", "no_header", "no_time_column", "no_values"})
"""Refusals that a workbook's sheet may have while another sheet holds the data."""


@dataclass(slots=True)
class TagReading:
    """What a file holds of one column of values.

    Attributes:
        records: kept ones.
        uncertain: kept ones of uncertain quality.
        bad: records of bad quality, left out.
        missing: cells without a value.
        dropped: values left out for what they are: beyond the tag's range, infinite, codes for no value.
        min, max: of the kept values.
        first, last: times of kept records.
    """

    records: int = 0
    bad: int = 0
    uncertain: int = 0
    missing: int = 0
    dropped: int = 0
    min: float | None = None
    max: float | None = None
    first: datetime | None = None
    last: datetime | None = None

    def as_dict(self) -> dict[str, object]:
        return {
            **asdict(self),
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
        }


@dataclass(slots=True)
class ReadReport:
    """What was read and what was left out, for people.

    Attributes:
        zone: of times without an offset; empty where all have one.
        counts: records, uncertain ones among them, and what was left out: duplicates, missing, not_finite, bad_quality,
            out_of_range, codes; or periods.
        tags: columns of values that were read.
        absent: tags of the profile that the file has no value of.
        codes: numbers that stood for no value.
        per_tag: what was read and left out of each column of values.
        unread: columns and tags of the file that weren't read.
        labels: columns of labels, which aren't read either.
        start, end: first and last time read.
        guesses: what the file didn't tell, a sentence each; `reading` in the profile overrules them.
    """

    name: str
    format: str = ""
    layout: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    zone: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    codes: list[FoundCode] = field(default_factory=list)
    per_tag: dict[str, TagReading] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    notes: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {
            **asdict(self),
            "per_tag": {tag: reading.as_dict() for tag, reading in self.per_tag.items()},
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class FileReading:
    """One file as read: records, with the periods that a column of labels tells, or the periods of an operator log."""

    kind: Literal["records", "periods"]
    records: pl.DataFrame
    periods: pl.DataFrame | None
    report: ReadReport
    sha256: str


def read_drop_file(
    path: Path, profile: PlantProfile, *, max_bytes: int = MAX_BYTES, now: datetime | None = None
) -> FileReading:
    """Read one dropped file.

    Args:
        max_bytes: larger files are refused unread.
        now: the plant's present; later records are refused. Default: the machine's clock.

    Raises:
        Refusal: the file can't be used; place and expectation say why.
        OSError: it is gone, or may not be read.
    """
    return read_opened(open_file(path, max_bytes=max_bytes), profile, now=now)


def read_opened(file: OpenedFile, profile: PlantProfile, *, now: datetime | None = None) -> FileReading:
    """Read a decoded file as one of a plant, and give up its cells; errors as `read_drop_file` has them."""
    decoded = file.decoded
    report = ReadReport(
        name=file.name,
        format=decoded.format,
        encoding=decoded.encoding,
        delimiter=decoded.delimiter,
        notes=list(decoded.notes),
    )
    with refuse_unreadable(file.name):
        moment = now or datetime.now(UTC)
        return _read(decoded, file.stem, profile, report, sha256=file.sha256, now=moment)


def combine(readings: list[FileReading], profile: PlantProfile) -> pl.DataFrame:
    """Records of the files that form one drop, in order of tag and time; the later file wins.

    Raises:
        Refusal: files of records were given, and none holds a record of the plant.
    """
    parts = [reading.records for reading in readings if reading.kind == "records"]
    records = parts[0] if len(parts) == 1 else last_wins(parts)
    if parts and records.is_empty():
        raise Refusal(
            "no_records",
            f"no value of {profile.title} in {len(parts)} files",
            expected=f"at least one value of a tag such as {profile.tag_names[0]}",
        )
    return records


def read_files(
    paths: Sequence[Path], profile: PlantProfile, *, now: datetime | None = None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Read files as one drop that goes into no history: their records, and the operators' periods if there are any.

    Raises:
        FileRefusal: one of them can't be used; the text names it.
        Refusal: none holds a record of the plant.
        OSError: one is gone, or may not be read.
    """
    readings: list[FileReading] = []
    for path in paths:
        with name_file(path.name):
            readings.append(read_drop_file(path, profile, now=now))
    periods = [reading.periods for reading in readings if reading.periods is not None]
    return combine(readings, profile), pl.concat(periods) if periods else None


def _read(
    decoded: DecodedFile, stem: str, profile: PlantProfile, report: ReadReport, *, sha256: str, now: datetime
) -> FileReading:
    names = PlantNames(profile)
    context = ReadContext(profile.reading.zone or profile.timezone, now, sha256, profile.reading)
    tables = _tables(decoded, names, stem, report)
    report.layout = tables[0][1].table.kind
    logs = [(grid, layout) for grid, layout in tables if layout.table.kind == "periods"]
    if logs and len(logs) == len(tables):
        return _periods(logs, context, sha256, report)
    if logs:
        report.notes.append("An operator log beside values was not read; drop it as a file of its own.")
    parts, left_out, labelled = [], [pl.DataFrame(schema=LEFT_OUT)], []
    for grid, layout in tables:
        if layout.table.kind == "periods":
            continue
        reader = TableReader(grid, layout, context)
        decimal = reader.decimal(decoded.delimiter, workbook=decoded.format in ("xls", "xlsx"))
        report.decimal = decimal if decoded.format == "csv" else None
        parts += reader.records(decimal)
        if reader.label_columns:
            labelled.append(reader.periods())
        report.zone = report.zone or reader.zone
        left_out += reader.left_out
        report.notes += [*layout.notes, *reader.notes]
        report.guesses += [guess for guess in reader.guesses if guess not in report.guesses]
        report.unread += layout.unread
        report.labels += layout.labels
    # Cells and records of a large file aren't in memory together for longer than need be.
    tables.clear()
    decoded.grids.clear()
    tallies = _Tallies(pl.concat(left_out))
    everything = pl.concat(parts)
    records, codes = drop_codes(everything, _instrument_ends(profile), profile.reading.codes)
    report.codes = codes
    for code in codes:
        tallies.drop(code.tag, "codes", code.count)
    if codes and profile.reading.codes is None:
        listed = ", ".join(map(str, codes[:6]))
        report.guesses.append(f"Numbers far from all others stand for no value and are left out: {listed}.")
    records = _in_range(records, profile, tallies)
    newest = last_wins(parts if records is everything else [records])
    _describe(report, newest, profile, tallies, records.height - newest.height)
    periods = None
    if labelled:
        periods = pl.concat(labelled).with_columns(file=pl.lit(sha256)).select(PERIOD_SCHEMA.names())
        report.counts["periods"] = periods.height
    return FileReading("records", newest, periods, report, sha256)


def _instrument_ends(profile: PlantProfile) -> dict[str, list[float]]:
    """Ends of what each tag's instrument reads."""
    return {
        tag.name: [end for end in (*tag.range, *tag.saturation) if end is not None] for tag in profile.tags
    }


class _Tallies:
    """What was left out of each tag, by its reason."""

    def __init__(self, left_out: pl.DataFrame) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for tag, missing, not_finite, bad in left_out.iter_rows():
            self._counts[tag].update({"missing": missing, "not_finite": not_finite, "bad_quality": bad})

    def drop(self, tag: str, why: str, count: int) -> None:
        self._counts[tag][why] += count

    def of(self, tag: str) -> Counter[str]:
        return self._counts[tag]

    def total(self) -> dict[str, int]:
        whys = ("missing", "not_finite", "bad_quality", "codes", "out_of_range")
        return {why: sum(counts[why] for counts in self._counts.values()) for why in whys}


def _tables(
    decoded: DecodedFile, names: PlantNames, stem: str, report: ReadReport
) -> list[tuple[CellGrid, TableLayout]]:
    """Grids with their layouts; sheets that are no table are noted if another one is."""
    tables, refusals = [], []
    for grid in decoded.grids:
        try:
            tables.append((grid, lay_out(grid, names, stem)))
        except Refusal as refusal:
            if refusal.code not in _NOT_A_TABLE:
                raise
            refusals.append((grid, refusal))
    if not tables:
        raise refusals[0][1]
    report.notes += [
        f"Sheet {quote(grid.sheet)} was not read: {refusal.message}." for grid, refusal in refusals
    ]
    return tables


def _periods(
    logs: list[tuple[CellGrid, TableLayout]], context: ReadContext, sha256: str, report: ReadReport
) -> FileReading:
    periods = pl.concat(
        [read_periods(grid, layout.table, sha256, context.zone, context.now) for grid, layout in logs]
    )
    report.counts = {"periods": periods.height}
    report.start, report.end = periods["start"].min(), periods["end"].max()  # pyright: ignore[reportAttributeAccessIssue]
    return FileReading("periods", empty_records(), periods.select(PERIOD_SCHEMA.names()), report, sha256)


def _in_range(records: pl.DataFrame, profile: PlantProfile, tallies: _Tallies) -> pl.DataFrame:
    """Records within their tag's physical range."""
    ranges = {
        column: tag.range
        for tag in profile.tags
        for column in (tag.name, *(f"{tag.name}_{a}" for a in tag.aggregates))
    }
    seen = records.group_by("tag").agg(low=pl.col("value").min(), high=pl.col("value").max())
    beyond = [tag for tag, low, high in seen.iter_rows() if low < ranges[tag][0] or high > ranges[tag][1]]
    if not beyond:
        return records
    outside = [(pl.col("tag") == tag) & ~pl.col("value").is_between(*ranges[tag]) for tag in beyond]
    out = pl.any_horizontal(outside)
    worst = (
        records.lazy()
        .filter(pl.col("tag").is_in(beyond))
        .with_columns(out=out)
        .group_by("tag")
        .agg(pl.col("out").mean().alias("share"), pl.len(), pl.col("value", "row").filter("out").first())
        .sort("share", pl.col("tag").cast(pl.String), descending=True)
        .collect()
    )
    for row in worst.iter_rows(named=True):
        if row["share"] > MOST:
            low, high = ranges[row["tag"]]
            unit = _unit(profile, row["tag"])
            same = f" {unit}; is it the same unit?" if unit else ""
            raise Refusal(
                "out_of_range",
                f"{row['share']:.0%} of the values of {row['tag']} can't be true, such as {row['value']:g}",
                place=f"row {row['row']}, {row['tag']}",
                expected=f"{low:g} to {high:g}{same}",
            )
        tallies.drop(row["tag"], "out_of_range", round(row["share"] * row["len"]))
    return records.filter(~out)


def _unit(profile: PlantProfile, column: str) -> str:
    return next(
        tag.unit for tag in profile.tags if column in (tag.name, *(f"{tag.name}_{a}" for a in tag.aggregates))
    )


def _describe(
    report: ReadReport, records: pl.DataFrame, profile: PlantProfile, tallies: _Tallies, duplicates: int
) -> None:
    uncertain = int((records["quality"] == "uncertain").sum())
    total = tallies.total()
    report.counts = {"records": records.height, "uncertain": uncertain, "duplicates": duplicates, **total}
    value, time = pl.col("value"), pl.col("timestamp")
    read = records.group_by("tag").agg(
        records=pl.len(),
        uncertain=(pl.col("quality") == "uncertain").sum(),
        min=value.min(),
        max=value.max(),
        first=time.min(),
        last=time.max(),
    )
    found = {row.pop("tag"): row for row in read.iter_rows(named=True)}
    for column in profile.columns:
        left = tallies.of(column)
        if column in found or left.total():
            dropped = left["not_finite"] + left["codes"] + left["out_of_range"]
            read_of = TagReading(**found.get(column, {}))
            read_of.bad, read_of.missing, read_of.dropped = left["bad_quality"], left["missing"], dropped
            report.per_tag[column] = read_of
    if records.is_empty():
        raise Refusal(
            "no_values",
            f"no usable value ({total['missing']} missing, {total['bad_quality']} of bad quality)",
            expected="at least one value of a tag of the plant",
        )
    report.tags = [column for column in profile.columns if column in found]
    report.absent = [tag for tag in profile.tag_names if tag not in found]
    report.start, report.end = records["timestamp"].min(), records["timestamp"].max()  # pyright: ignore[reportAttributeAccessIssue]
    if left_out := _left_out(total):
        report.notes.insert(0, f"Left out: {left_out}.")
    if uncertain:
        learns = "" if profile.sampling.learn_uncertain else ", which models don't learn from"
        report.notes.append(f"{_counted(uncertain, 'record')} of uncertain quality{learns}.")
    if report.absent:
        report.notes.append(f"No values of {', '.join(report.absent)}.")


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _left_out(total: Mapping[str, int]) -> str:
    words = {
        "bad_quality": "of bad quality",
        "not_finite": "infinite",
        "codes": "codes for no value",
        "out_of_range": "beyond their tag's range",
    }
    return ", ".join(f"{total[why]:,} {text}" for why, text in words.items() if total[why])
