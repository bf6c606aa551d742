"""Reads exports without a profile: finds their series, gives them names, and lets ingest read the values.

Belongs here: the way from files to records of named series. Doesn't belong here: what is concluded from the values.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from glob import escape
from pathlib import Path

import polars as pl

from plant_assets.draft.controllers import LoopPart, loops
from plant_assets.draft.discover import ExportOutline, ExportSeries, outline
from plant_assets.draft.titles import tag_names
from plant_assets.ingest.codes import FoundCode
from plant_assets.ingest.decode.opening import MAX_BYTES, OpenedFile, open_file
from plant_assets.ingest.errors import FileRefusal, Refusal, name_file
from plant_assets.ingest.reading import FileReading, read_opened
from plant_assets.ingest.records import last_wins
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import ReadingOptions

_STACKED = 0.2
"""Share of values at a time that another row has too, above which rows of several assets stand in one file."""
_ANY = (-1e300, 1e300)


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """A series with its tag's name.

    Attributes:
        name: valid and its own.
        description: the title in the export.
        unit: empty where no export tells it.
        aliases: spellings in exports that are not the name itself.
        loop: its part in a control loop.
    """

    name: str
    description: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    loop: LoopPart | None = None


@dataclass(slots=True)
class ExportContents:
    """What files hold, before it is a plant's.

    Attributes:
        files: their names, without operator logs.
        series: the tags to be.
        records: of RECORD_SCHEMA, ordered by tag and time; tags are the series' names.
        periods: known ones, of operator logs and of a column of labels.
        label: header of that column, empty without one.
        ignored: headers that are no tags, and why.
        unnamed: columns without a header, by their place, and why they are no tags.
        told: what a person told of the files, and the label.
        readings: what was read of each file, guesses among it.
        told_by: what told the tags, for comments.
        head: what the draft says of where it comes from; empty: its files and records.
        live: the profile's section of that name, where readings come live.
    """

    files: list[str]
    series: list[NamedSeries]
    records: pl.DataFrame
    periods: int = 0
    ignored: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, str] = field(default_factory=dict)
    label: str = ""
    told: ReadingOptions = field(default_factory=ReadingOptions)
    readings: list[FileReading] = field(default_factory=list)
    told_by: str = "export"
    head: str = ""
    live: Mapping[str, object] = field(default_factory=dict)

    @property
    def codes(self) -> list[FoundCode]:
        """Numbers that stood for no value."""
        return [code for reading in self.readings for code in reading.report.codes]


def read_exports(
    paths: Sequence[Path],
    *,
    timezone: str = "UTC",
    reading: ReadingOptions | None = None,
    max_bytes: int = MAX_BYTES,
    now: datetime | None = None,
) -> ExportContents:
    """Read exports of one plant that has no profile yet; of equal time and tag the later file wins.

    Args:
        paths: any file that can be dropped, operator logs among them.
        timezone: where times without an offset are local.
        reading: what a person tells of the files.
        max_bytes: larger files are refused unread.
        now: later records are refused. Default: the machine's clock.

    Raises:
        FileRefusal: a file that can't be read, or none that holds values.
        OSError: a file is gone, or may not be read.
    """
    told = reading or ReadingOptions()
    opened = [_open(path, max_bytes, told) for path in paths]
    found = [outlined for _, outlined in opened]
    series, ignored, label = _named(found), *_left_out(found)
    if not series:
        raise FileRefusal(", ".join(file.name for file, _ in opened), _nothing(found))
    told = with_label(told, label)
    profile = provisional_profile(series, timezone, ignored, told)
    readings = [_read(file, profile, one, now) for file, one in opened]
    table = last_wins(reading.records for reading in readings)
    present = set(table["tag"].unique())
    ignored |= {one.description: "empty" for one in series if one.name not in present}
    return ExportContents(
        files=[reading.report.name for reading in readings if reading.kind == "records"],
        series=[one for one in series if one.name in present],
        records=table,
        periods=sum(reading.report.counts.get("periods", 0) for reading in readings),
        ignored=ignored,
        unnamed={place: why for one in found for place, why in one.unnamed.items()},
        label=label,
        told=told,
        readings=readings,
    )


def _left_out(found: Sequence[ExportOutline]) -> tuple[dict[str, str], str]:
    """Headers that are no tags and why, and the header of the column of labels."""
    label = next((one.label for one in found if one.label), "")
    return {t: why for one in found for t, why in one.ignored.items() if t != label}, label


def provisional_profile(
    series: Sequence[NamedSeries],
    timezone: str,
    ignored: Iterable[str] = (),
    reading: ReadingOptions | None = None,
) -> PlantProfile:
    """A profile that knows names alone, so that ingest reads the files just as it will read drops."""
    tags = [
        {
            "name": one.name,
            "description": one.description,
            "unit": "",
            "range": _ANY,
            "process_unit": "",
            "aliases": one.aliases,
            **({"role": one.loop.role, "controller": one.loop.controller} if one.loop else {}),
        }
        for one in series
    ]
    spans = dict.fromkeys(("interval", "hold_limit", "stale_after", "frozen_after"), "1s")
    return PlantProfile.model_validate(
        {
            "name": "draft",
            "title": "the export",
            "timezone": timezone,
            "registry_prefix": "draft_",
            "sampling": spans,
            "tags": tags,
            "ignored_columns": [escape(title) for title in ignored],
            "reading": told_options(reading or ReadingOptions()),
            "features": {},
            "models": ["isolation_forest"],
            "budget": {"false_alarm_hours_per_day": 1, "false_episodes_per_day": 1},
            "validation": {"gap": "1s"},
        }
    )


def with_label(reading: ReadingOptions, label: str) -> ReadingOptions:
    """The same, and that a column tells abnormal rows; empty for none."""
    return reading.model_copy(update={"columns": (*reading.columns, (label, "label"))}) if label else reading


def told_options(reading: ReadingOptions) -> dict[str, object]:
    """What a profile says under `reading`, without what isn't told."""
    told = reading.model_dump(mode="json", exclude_defaults=True)
    return {key: value for key, value in told.items() if value != {}}


def _open(path: Path, max_bytes: int, reading: ReadingOptions) -> tuple[OpenedFile, ExportOutline]:
    with name_file(path.name):
        file = open_file(path, max_bytes=max_bytes)
        return file, outline(file.decoded, file.stem, reading)


def _read(file: OpenedFile, profile: PlantProfile, found: ExportOutline, now: datetime | None) -> FileReading:
    with name_file(file.name):
        reading = read_opened(file, profile, now=now)
        counts = reading.report.counts
        doubled = counts.get("duplicates", 0)
        if doubled > _STACKED * (counts.get("records", 0) + doubled):
            raise _stacked(doubled, found)
        return reading


def _stacked(doubled: int, found: ExportOutline) -> Refusal:
    column = f"; column {found.assets!r} seems to name the asset of each row" if found.assets else ""
    return Refusal(
        "several_rows_a_time",
        f"{doubled:,} values share their time and tag with another row{column}",
        expected="one row a time; write a file for each asset and use `forewarn import FOLDER`",
    )


def _nothing(found: Sequence[ExportOutline]) -> Refusal:
    left = [f"{title!r} ({why})" for one in found for title, why in one.ignored.items()]
    if any(one.periods for one in found):
        return Refusal("no_records", "operator logs only", expected="an export with values beside them")
    if not any(one.timed for one in found):
        return Refusal(
            "no_time_column",
            "no column of times",
            expected="a column named timestamp, or with times in its rows, or --step",
        )
    if not left:
        return Refusal(
            "no_header",
            "no row of column names above the data",
            expected="a header row with timestamp and the tags' names, or --names or --header none",
        )
    return Refusal(
        "no_known_tag",
        f"no column can be a tag: {', '.join(left[:12])}",
        expected="at least one column of numbers that is no label and no row number",
    )


def _named(found: Sequence[ExportOutline]) -> list[NamedSeries]:
    merged: dict[str, ExportSeries] = {}
    for series in (one for part in found for one in part.series):
        key = series.title.casefold()
        if (known := merged.get(key)) is None:
            merged[key] = series
        else:
            known.unit = known.unit or series.unit
            known.spellings = tuple(dict.fromkeys((*known.spellings, *series.spellings)))
    names = tag_names(series.title for series in merged.values())
    often = Counter(text.casefold() for series in merged.values() for text in series.spellings)
    by_name = loops(series.title for series in merged.values())
    taken = {name.casefold() for name in names.values()}
    named: list[NamedSeries] = []
    for series in merged.values():
        name = names[series.title]
        own = [t for t in series.spellings if often[t.casefold()] == 1 and t.casefold() not in taken]
        taken |= {text.casefold() for text in own}
        loop = series.loop or by_name.get(series.title)
        named.append(NamedSeries(name, series.title, series.unit, tuple(own), loop))
    return named
