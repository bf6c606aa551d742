"""The series that a file holds, without knowing a plant, and what of it is left out.

Belongs here: what the tables of a file say together. Doesn't belong here: recognising a table (`ingest/layouts`), reading
values, which ingest does once the series have names (`series.py`).
"""

import re
from dataclasses import dataclass, field

from plant_assets.draft.controllers import LoopPart
from plant_assets.draft.titles import valid_name
from plant_assets.ingest.decode.cells import CellGrid, DecodedFile
from plant_assets.ingest.layouts.label_column import is_label_column
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.recognise import recognise_table
from plant_assets.ingest.layouts.table import RecognisedTable
from plant_assets.profile.options import ReadingOptions

_LABEL = re.compile(r"(?i)anomal|outlier|fault|fail|att|label|flag|alarm|abnormal|target|outcome")
"""Labels of rows in alarm; others, such as change points, mark something else."""
_ASSETS = re.compile(r"(?i)(asset|unit|machine|server|device|engine|run|batch|cycle)(_?(id|no|nr))?$")


@dataclass(slots=True)
class ExportSeries:
    """One column of values as an export tells it.

    Attributes:
        title: what the export calls it, without its unit.
        unit: empty where the export tells none.
        spellings: headers, sheet or file names that stand for it; the profile's aliases.
        loop: its part in a control loop, where the layout tells one.
    """

    title: str
    unit: str = ""
    spellings: tuple[str, ...] = ()
    loop: LoopPart | None = None


@dataclass(slots=True)
class ExportOutline:
    """What a file holds.

    Attributes:
        series: by title, in the order of the file.
        ignored: headers that are no tags, and why.
        unnamed: columns without a header that hold something, by their place, and why they are no tags.
        periods: whether it is an operator log.
        timed: whether any table of it has times.
        filled: whether any has cells below its header.
        label: header of the column that tells which rows are abnormal, empty without one.
        assets: a column of few texts or numbers that may name the asset of each row.
    """

    series: list[ExportSeries] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, str] = field(default_factory=dict)
    periods: bool = False
    timed: bool = False
    filled: bool = False
    label: str = ""
    assets: str = ""


def outline(decoded: DecodedFile, stem: str, reading: ReadingOptions | None = None) -> ExportOutline:
    """What a file holds.

    Args:
        decoded: its grids.
        stem: its name without extension, which per-tag exports take their tag from.
        reading: what a person tells of it.

    Raises:
        Refusal: a header that doesn't fit the rows below it.
    """
    found, names = ExportOutline(), PlantNames(None, reading)
    for grid in decoded.grids:
        table = recognise_table(grid, names, stem)
        found.filled |= bool(table.header.filled)
        if table.kind == "periods":
            found.periods = True
        elif table.times or names.paced:
            found.timed = True
            found.series += _series(table)
            _left_out(grid, table, found)
    return found


def _series(table: RecognisedTable) -> list[ExportSeries]:
    loop = len(table.series) > 1 and any(one.owner and one.role == "pv" for one in table.series)
    return [
        ExportSeries(
            one.title,
            one.unit,
            one.spellings,
            LoopPart(valid_name(one.owner), one.role) if loop and one.owner and one.role else None,
        )
        for one in table.series
        if not one.why
    ]


def _left_out(grid: CellGrid, table: RecognisedTable, found: ExportOutline) -> None:
    for title in grid.nested:
        found.ignored.setdefault(title, "nested values")
    for one in table.series:
        if one.why:
            found.ignored.setdefault(one.title, one.why)
    for column in table.columns:
        if column.role in ("label", "unknown"):
            if not found.label and column.role == "label" and _LABEL.search(column.title):
                cells = grid.frame[str(column.index)].slice(table.header.begin)
                found.label = column.title if is_label_column(cells) else ""
            if column.title:
                found.ignored.setdefault(column.title, column.why)
            elif column.why != "empty":
                found.unnamed.setdefault(grid.place(column=column.index), column.why)
        if not found.assets and _names_assets(grid, table, column.index, column.why):
            found.assets = column.title


def _names_assets(grid: CellGrid, table: RecognisedTable, column: int, why: str) -> bool:
    cells, title = grid.frame[str(column)].slice(table.header.begin), table.header.names[column]
    if not title or (why != "text" and (why or not _ASSETS.search(title))):
        return False
    return 1 < cells.n_unique() <= max(cells.len() // 20, 2)
