"""Writes a simulation as the files that historians export, in every layout that ingest reads.

Times without offset are in the profile's time zone, as exports have them. Excel files need the packages
openpyxl (.xlsx) and xlwt (.xls).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, get_args

import polars as pl

from plant_assets.simulation.simulate import SimulatedPlant

Layout = Literal[
    "wide_csv",
    "wide_csv_semicolon",
    "wide_csv_tab",
    "wide_csv_pipe",
    "long_csv",
    "wide_parquet",
    "long_parquet",
    "wide_xlsx",
    "per_tag_xlsx",
    "per_tag_xls",
]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
Cell = str | float | datetime | None
_ROLE_COLUMNS = {"pv": 0, "op": 4, "sp": 8}  # A/B, E/F and I/J
_XLS_ROWS = 65_536


class _Sheet(Protocol):
    def __call__(self, path: Path, title: str, rows: Iterable[Sequence[Cell]]) -> None: ...


def write_drop(simulation: SimulatedPlant, layout: Layout, folder: Path) -> list[Path]:
    """Write the records as one drop.

    Args:
        simulation: what to write.
        layout: wide layouts have one column a tag and a row for each moment at which any tag was
            recorded; long ones a row a record; per-tag ones a workbook for each simple tag (value and
            timestamp in A/B) and each controller (PV, OP and SP with own timestamps in A/B, E/F, I/J).
            `wide_csv_semicolon` has decimal commas and German dates.
        folder: made if absent.

    Returns:
        The files written; a per-tag drop has several.

    Raises:
        ValueError: an unknown layout, or more rows than an .xls sheet can hold.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout: expected one of {', '.join(LAYOUTS)}, got {layout!r}")
    folder.mkdir(parents=True, exist_ok=True)
    if layout.startswith("per_tag"):
        return _per_tag(simulation, folder, layout.removeprefix("per_tag_"))
    suffix = next(s for s in ("csv", "parquet", "xlsx") if s in layout)
    path = folder / f"{simulation.profile.name}_{simulation.start:%Y%m%d}.{suffix}"
    _WRITERS[layout](simulation, path)
    return [path]


def write_operator_log(simulation: SimulatedPlant, folder: Path) -> Path:
    """Write the operators' periods as `operator_log.csv` with start_time, end_time and reason."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "operator_log.csv"
    zone = simulation.profile.timezone
    simulation.operator_log.with_columns(
        pl.col("start_time", "end_time").dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M")
    ).write_csv(path)
    return path


def write_events(simulation: SimulatedPlant, path: Path) -> None:
    """Write what happened as CSV, its tags joined by spaces; times are UTC with offset. It is no part of a drop."""
    path.parent.mkdir(parents=True, exist_ok=True)
    simulation.events.with_columns(pl.col("tags").list.join(" ")).write_csv(
        path, datetime_format="%Y-%m-%dT%H:%M:%S+00:00"
    )


def wide(simulation: SimulatedPlant) -> pl.DataFrame:
    """Records with one column a tag (null where a tag has no record at that moment), in local time."""
    names = simulation.profile.tag_names
    table = simulation.records.pivot("tag", index="timestamp", values="value").sort("timestamp")
    return table.select(_local(simulation).alias("timestamp"), *(n for n in names if n in table.columns))


def _local(simulation: SimulatedPlant) -> pl.Expr:
    zone = simulation.profile.timezone
    return pl.col("timestamp").dt.convert_time_zone(zone).dt.replace_time_zone(None)


def _csv(
    separator: str, time_format: str = "%Y-%m-%d %H:%M:%S", comma: bool = False
) -> Callable[[SimulatedPlant, Path], None]:
    def write(simulation: SimulatedPlant, path: Path) -> None:
        wide(simulation).write_csv(
            path, separator=separator, datetime_format=time_format, decimal_comma=comma
        )

    return write


def _long_csv(simulation: SimulatedPlant, path: Path) -> None:
    # With offset: a long export of a historian's API says what its times mean.
    simulation.records.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")).write_csv(
        path
    )


def _wide_xlsx(simulation: SimulatedPlant, path: Path) -> None:
    table = wide(simulation)
    _xlsx(path, simulation.profile.name, [table.columns, *table.iter_rows()])


def _per_tag(simulation: SimulatedPlant, folder: Path, suffix: str) -> list[Path]:
    sheet: _Sheet = _xlsx if suffix == "xlsx" else _xls
    controllers = simulation.profile.controllers
    in_loops = {tag for roles in controllers.values() for tag in roles.values()}
    blocks = {name: {0: ("Value", name)} for name in simulation.profile.tag_names if name not in in_loops}
    for controller, roles in controllers.items():
        blocks[controller] = {_ROLE_COLUMNS[role]: (role.upper(), tag) for role, tag in roles.items()}
    series = {
        key[0]: part for key, part in simulation.records.with_columns(_local(simulation)).group_by("tag")
    }
    written = []
    for name, block in blocks.items():
        path = folder / f"{name}.{suffix}"
        sheet(path, name[:31], _block_rows(block, series))
        written.append(path)
    return written


def _block_rows(
    block: dict[int, tuple[str, str]], series: dict[object, pl.DataFrame]
) -> Iterable[Sequence[Cell]]:
    """A header and the rows of a per-tag sheet; each pair of columns ends where its series does."""
    columns = {start: series[tag].select("value", "timestamp").rows() for start, (_, tag) in block.items()}
    width = max(block) + 2
    header: list[Cell] = [None] * width
    for start, (title, _) in block.items():
        header[start : start + 2] = [title, "Timestamp"]
    yield header
    for number in range(max(len(rows) for rows in columns.values())):
        row: list[Cell] = [None] * width
        for start, rows in columns.items():
            if number < len(rows):
                row[start : start + 2] = rows[number]
        yield row


def _xlsx(path: Path, title: str, rows: Iterable[Sequence[Cell]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    book.save(path)


def _xls(path: Path, title: str, rows: Iterable[Sequence[Cell]]) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet(title)
    moment = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for number, row in enumerate(rows):
        if number >= _XLS_ROWS:
            raise ValueError(f"{path.name}: expected at most {_XLS_ROWS} rows for .xls; write .xlsx instead")
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write(number, column, cell, moment)
            elif cell is not None:
                sheet.write(number, column, cell)
    book.save(str(path))


_WRITERS: dict[Layout, Callable[[SimulatedPlant, Path], None]] = {
    "wide_csv": _csv(","),
    "wide_csv_semicolon": _csv(";", "%d.%m.%Y %H:%M:%S", comma=True),
    "wide_csv_tab": _csv("\t"),
    "wide_csv_pipe": _csv("|"),
    "long_csv": _long_csv,
    "wide_parquet": lambda simulation, path: wide(simulation).write_parquet(path),
    "long_parquet": lambda simulation, path: simulation.records.write_parquet(path),
    "wide_xlsx": _wide_xlsx,
}
