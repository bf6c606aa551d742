"""Reads one dropped file into records or operator periods, or refuses it.

Belongs here: the order of the steps and what a reading is. Decoding bytes is in `decode/`, recognising
tables in `layouts/`.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from plant_assets.ingest.decode.cells import CellGrid, DecodedFile
from plant_assets.ingest.decode.opening import MAX_BYTES, OpenedFile, open_file, refuse_unreadable
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.extract import TableReader
from plant_assets.ingest.layouts.matching import TableLayout, lay_out
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.operator_log import read_periods
from plant_assets.ingest.records import PERIOD_SCHEMA, RECORD_SCHEMA, empty_records, last_wins
from plant_assets.profile.model import PlantProfile

MOST = 0.5
"""Share of a tag's values outside its range above which the file is refused: a wrong unit or tag."""

_NOT_A_TABLE = frozenset({"no_known_tag", "no_header", "no_time_column", "no_values"})
"""Refusals that a workbook's sheet may have while another sheet holds the data."""


@dataclass(slots=True)
class ReadReport:
    """What was read and what was left out, for people.

    Attributes:
        counts: records, duplicates, missing, not_finite, bad_quality, out_of_range, or periods.
        absent: tags of the profile that the file has no value of.
        start, end: first and last time read.
    """

    name: str
    format: str = ""
    layout: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {
            **asdict(self),
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class FileReading:
    """One file as read: records, or (an operator log) periods."""

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
    """Read a decoded file as one of a plant; errors as `read_drop_file` has them."""
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
    """Records of the files that form one drop, in order of time and tag; the later file wins.

    Raises:
        Refusal: files of records were given, and none holds a record of the plant.
    """
    parts = [reading.records for reading in readings if reading.kind == "records"]
    records = last_wins(pl.concat(parts)) if parts else empty_records()
    if parts and records.is_empty():
        raise Refusal(
            "no_records",
            f"no value of {profile.title} in {len(parts)} files",
            expected=f"at least one value of a tag such as {profile.tag_names[0]}",
        )
    return records


def _read(
    decoded: DecodedFile, stem: str, profile: PlantProfile, report: ReadReport, *, sha256: str, now: datetime
) -> FileReading:
    names = PlantNames(profile)
    tables = _tables(decoded, names, stem, report)
    report.layout = tables[0][1].table.kind
    logs = [(grid, layout) for grid, layout in tables if layout.table.kind == "periods"]
    if logs and len(logs) == len(tables):
        return _periods(logs, profile, sha256, report, now)
    if logs:
        report.notes.append("An operator log beside values was not read; drop it as a file of its own.")
    parts = []
    counts: dict[str, int] = {}
    for grid, layout in tables:
        if layout.table.kind == "periods":
            continue
        reader = TableReader(grid, layout, profile.timezone, now)
        decimal = reader.decimal(decoded.delimiter, workbook=decoded.format in ("xls", "xlsx"))
        report.decimal = decimal if decoded.format == "csv" else None
        parts.append(reader.records(decimal))
        report.notes += [*layout.notes, *reader.notes]
        for name, count in reader.counts.items():
            counts[name] = counts.get(name, 0) + count
    records, counts["out_of_range"] = _in_range(pl.concat(parts), profile)
    newest = last_wins(records).with_columns(file=pl.lit(sha256)).select(RECORD_SCHEMA.names())
    _describe(
        report,
        newest,
        profile,
        {"records": newest.height, "duplicates": records.height - newest.height, **counts},
    )
    return FileReading("records", newest, None, report, sha256)


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
    logs: list[tuple[CellGrid, TableLayout]],
    profile: PlantProfile,
    sha256: str,
    report: ReadReport,
    now: datetime,
) -> FileReading:
    periods = pl.concat(
        [read_periods(grid, layout.table, sha256, profile.timezone, now) for grid, layout in logs]
    )
    report.counts = {"periods": periods.height}
    report.start, report.end = periods["start"].min(), periods["end"].max()  # pyright: ignore[reportAttributeAccessIssue]
    return FileReading("periods", empty_records(), periods.select(PERIOD_SCHEMA.names()), report, sha256)


def _in_range(records: pl.DataFrame, profile: PlantProfile) -> tuple[pl.DataFrame, int]:
    """Records within their tag's physical range, and how many were not."""
    ends = pl.DataFrame(
        [
            (column, *tag.range)
            for tag in profile.tags
            for column in (tag.name, *(f"{tag.name}_{a}" for a in tag.aggregates))
        ],
        schema={"tag": pl.String, "low": pl.Float64, "high": pl.Float64},
        orient="row",
    )
    checked = records.join(ends, on="tag", how="left", maintain_order="left").with_columns(
        out=~pl.col("value").is_between("low", "high")
    )
    if not checked["out"].any():
        return records, 0
    worst = (
        checked.group_by("tag")
        .agg(
            pl.col("out").mean().alias("share"),
            pl.col("value", "row", "low", "high").filter("out").first(),
        )
        .sort("share", "tag", descending=True)
        .row(0, named=True)
    )
    if worst["share"] > MOST:
        unit = _unit(profile, worst["tag"])
        same = f" {unit}; is it the same unit?" if unit else ""
        raise Refusal(
            "out_of_range",
            f"{worst['share']:.0%} of the values of {worst['tag']} can't be true, such as {worst['value']:g}",
            place=f"row {worst['row']}, {worst['tag']}",
            expected=f"{worst['low']:g} to {worst['high']:g}{same}",
        )
    return checked.filter(~pl.col("out")).select(records.columns), int(checked["out"].sum())


def _unit(profile: PlantProfile, column: str) -> str:
    return next(
        tag.unit for tag in profile.tags if column in (tag.name, *(f"{tag.name}_{a}" for a in tag.aggregates))
    )


def _describe(
    report: ReadReport, records: pl.DataFrame, profile: PlantProfile, counts: dict[str, int]
) -> None:
    report.counts = counts
    if records.is_empty():
        raise Refusal(
            "no_values",
            f"no usable value ({counts['missing']} missing, {counts['bad_quality']} of bad quality)",
            expected="at least one value of a tag of the plant",
        )
    present = set(records["tag"].unique())
    report.tags = [column for column in profile.columns if column in present]
    report.absent = [tag for tag in profile.tag_names if tag not in present]
    report.start, report.end = records["timestamp"][0], records["timestamp"][-1]
    if report.absent:
        report.notes.append(f"No values of {', '.join(report.absent)}.")
