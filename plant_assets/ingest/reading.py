"""Reads one dropped file into records or operator periods, or refuses it.

Belongs here: the order of the steps and what a reading is. Decoding bytes is in `decode*.py`,
recognising tables in `layouts*.py`.
"""

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.records import RECORD_SCHEMA, empty_records, last_wins
from plant_assets.profile.model import PlantProfile


@dataclass(slots=True)
class ReadReport:
    """What was read and what was left out, for people.

    Attributes:
        counts: records, duplicates, missing, not_finite, bad_quality, out_of_range, periods; 0 if absent.
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
    path: Path, profile: PlantProfile, *, max_bytes: int = 500 * 1024 * 1024, now: datetime | None = None
) -> FileReading:
    """Read one dropped file.

    Raises:
        Refusal: the file can't be used; place and expectation say why.
    """
    now = now or datetime.now(UTC)
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    frame = pl.read_csv(data, try_parse_dates=True)
    known = [c for c in profile.columns if c in frame.columns]
    records = (
        frame.with_row_index("row", 2)
        .unpivot(known, index=["row", "timestamp"], variable_name="tag")
        .drop_nulls("value")
        .select(
            pl.col("timestamp").dt.replace_time_zone(profile.timezone).dt.convert_time_zone("UTC"),
            "tag",
            "value",
            pl.lit("good").alias("quality"),
            pl.lit(sha256).alias("file"),
            "row",
        )
        .cast(dict(RECORD_SCHEMA))
    )
    report = ReadReport(name=path.name, format="csv", layout="wide", counts={"records": records.height})
    return FileReading("records", last_wins(records), None, report, sha256)


def combine(readings: list[FileReading], profile: PlantProfile) -> pl.DataFrame:
    """Records of the files that form one drop, in order of time and tag; the later file wins.

    Raises:
        Refusal: none of the files holds a record of the plant.
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
