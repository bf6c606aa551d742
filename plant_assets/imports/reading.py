"""Reads the files of an imported folder into records of one plant, with names that stay apart.

Belongs here: names of tags across components. Doesn't belong here: what is in the folder (`files.py`), and writing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from plant_assets.draft.controllers import loops
from plant_assets.draft.discover import ExportSeries
from plant_assets.draft.series import ExportContents, NamedSeries, provisional_profile
from plant_assets.draft.titles import tag_names, valid_name
from plant_assets.imports.files import FolderPart
from plant_assets.ingest.errors import FileRefusal, Refusal, name_file
from plant_assets.ingest.reading import read_opened
from plant_assets.ingest.records import last_wins

_Key = tuple[str, str]
"""A series of the folder: its component, and its title in lower case."""


@dataclass(frozen=True, slots=True)
class ImportedRecords:
    """What a folder holds.

    Attributes:
        exports: series and records, as drafting takes them.
        process_units: tag → component.
        files: how many were read.
        duplicates: values that another row of equal time and tag replaced.
    """

    exports: ExportContents
    process_units: Mapping[str, str]
    files: int
    duplicates: int


def read_parts(parts: Sequence[FolderPart], *, timezone: str, now: datetime | None = None) -> ImportedRecords:
    """The records of all files; of equal time and tag the later file wins.

    A tag keeps its own name where no other component has it, and gets the component's name before it elsewhere.

    Args:
        parts: from `find_parts`.
        timezone: where times without an offset are local.
        now: later records are refused. Default: the machine's clock.

    Raises:
        FileRefusal: a file's cell that can't be read, with its row and what was expected.
    """
    named = _named(parts)
    if not named:
        refusal = Refusal(
            "no_known_tag", "no column of numbers", expected="a column of times and columns of numbers"
        )
        raise FileRefusal(parts[0].place, refusal)
    tables, duplicates = [], 0
    for part in parts:
        table, doubled = _read(part, named, timezone, now)
        tables.append(table)
        duplicates += doubled
    records = last_wins(tables)
    present = set(records["tag"].unique())
    series = [one for one, _ in named.values() if one.name in present]
    ignored = {title: why for part in parts for title, why in part.found.ignored.items()}
    unnamed = {place: why for part in parts for place, why in part.found.unnamed.items()}
    return ImportedRecords(
        ExportContents([part.place for part in parts], series, records, 0, ignored, unnamed),
        {one.name: component for one, component in named.values() if component},
        len(parts),
        duplicates + sum(table.height for table in tables) - records.height,
    )


def _key(part: FolderPart, series: ExportSeries) -> _Key:
    return part.component, (part.variable or series.title).casefold()


def _named(parts: Sequence[FolderPart]) -> dict[_Key, tuple[NamedSeries, str]]:
    """Each series of the folder, once a component, with its tag and component."""
    found: dict[_Key, ExportSeries] = {}
    for part in parts:
        for series in part.found.series:
            title = part.variable or series.title
            known = found.setdefault(_key(part, series), replace(series, title=title))
            known.unit = known.unit or series.unit
    often = Counter(title for _, title in found)
    titles: dict[_Key, str] = {}
    for key, series in found.items():
        prefixed = key[0] and often[key[1]] > 1
        title = f"{key[0]} {series.title}" if prefixed else series.title
        titles[key] = f"{title} ({key[0]})" if title in titles.values() else title
    names = tag_names(titles.values())
    by_name = loops(titles.values())
    return {
        key: (
            NamedSeries(
                names[title],
                title,
                found[key].unit,
                (title,) if title.casefold() != names[title].casefold() else (),
                by_name.get(title),
            ),
            valid_name(key[0]) if key[0] else "",
        )
        for key, title in titles.items()
    }


def _read(
    part: FolderPart,
    named: Mapping[_Key, tuple[NamedSeries, str]],
    timezone: str,
    now: datetime | None,
) -> tuple[pl.DataFrame, int]:
    """A file's records under the names of the plant, and how many values in it were doubled."""
    if not part.found.series:
        refusal = Refusal(
            "no_known_tag", "no column of numbers", expected="a column of times and columns of numbers"
        )
        raise FileRefusal(part.place, refusal)
    series = [
        replace(named[_key(part, one)][0], aliases=_spellings(part, one), loop=one.loop)
        for one in part.found.series
    ]
    profile = provisional_profile(series, timezone, part.found.ignored)
    with name_file(part.place):
        reading = read_opened(part.file, profile, now=now)
    return reading.records, reading.report.counts.get("duplicates", 0)


def _spellings(part: FolderPart, series: ExportSeries) -> tuple[str, ...]:
    alone = (part.file.stem,) if len(part.found.series) == 1 else ()
    return tuple(dict.fromkeys((*series.spellings, *alone)))
