"""A plant's tables as CSV: which there are, what becomes of an asset's columns, and reading and writing them.

Belongs here: from an asset's Parquet to a text that spreadsheets and other programs read. Doesn't belong here: what
the tables hold, who asks for them (`cli/export.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl
from upath import UPath

from plant_assets.validation.model_results import model_results

_FORMULA = r"^[=+\-@\t\r\n]"


class ExportError(RuntimeError):
    """A table that can't be exported; one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """A table that people may have as CSV.

    Attributes:
        asset: the plant's asset that it is made of.
        title: what it holds.
        convert: from the asset's table to that of the CSV, whose cells are numbers, texts and times.
    """

    asset: str
    title: str
    convert: Callable[[pl.DataFrame], pl.DataFrame]


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """Without the files and rows that the values come from; lists of names become one text."""
    lists = {name: kind.inner for name, kind in table.schema.items() if isinstance(kind, pl.List)}
    texts = [name for name, inner in lists.items() if inner == pl.String]
    joined = [pl.col(name).list.join("; ").replace("", None) for name in texts]
    return table.drop(lists.keys() - set(texts)).with_columns(joined)


TABLES: Mapping[str, ExportedTable] = {
    "cleaned_dataset": ExportedTable(
        "raw_sensor_data", "readings on the plant's grid, with quality flags", _plain
    ),
    "labeled_dataset": ExportedTable(
        "labeled_dataset", "the same with anomaly_label, regime and label_source", _plain
    ),
    "model_results": ExportedTable(
        "validation_report", "each row with every model's out-of-fold score and decision", model_results
    ),
}


def read_table(lake: str, plant: str, name: str) -> pl.DataFrame:
    """A plant's table as its CSV has it.

    Args:
        lake: folder or `s3://…` of the lake.
        plant: that exists.
        name: one of `TABLES`.

    Raises:
        ExportError: no such table, or the plant has none yet; says which command makes it.
    """
    if name not in TABLES:
        raise ExportError(f"no table {name!r}; expected one of {', '.join(TABLES)}")
    table = TABLES[name]
    path = UPath(lake) / plant / "assets" / f"{table.asset}.parquet"
    if not path.exists():
        raise ExportError(f"plant {plant} has no {name} yet; `forewarn train {plant}` makes it")
    with path.open("rb") as source:
        return table.convert(pl.read_parquet(source))


def save_csv(name: str, table: pl.DataFrame, folder: Path) -> Path:
    """Write an asset's table as one of `TABLES`, `<name>.csv` in a folder; answers where it is."""
    path = folder / f"{name}.csv"
    with path.open("wb") as target:
        write_csv(TABLES[name].convert(table), target)
    return path


def write_csv(table: pl.DataFrame, target: BinaryIO) -> None:
    """Write a table as CSV: UTF-8, a header, times in ISO 8601 with their offset, nothing where there is no value.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    harmless = [
        pl.col(name).str.replace(_FORMULA, "'${0}")
        for name, kind in table.schema.items()
        if isinstance(kind, pl.String)
    ]
    table.with_columns(harmless).write_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S%:z")
