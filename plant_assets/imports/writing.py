"""Writes imported records and periods as files that the drop folder takes in like any export."""

from contextlib import ExitStack
from pathlib import Path

import polars as pl

from plant_assets.bundle.atomic_file import atomic_write

MOST_CELLS = 15_000_000
"""Cells of one file, well below what ingest reads of one."""
LOG_NAME = "operator_log.csv"


def taken_names(folder: Path, stem: str, *, log: bool) -> list[str]:
    """Names of the folder's files that writing would replace, whoever put them there.

    Args:
        folder: need not be there.
        stem: of the records' files.
        log: whether an operator log is written too.
    """
    patterns = [f"{stem}.parquet", f"{stem}_[0-9]*.parquet", *([LOG_NAME] if log else [])]
    return sorted(path.name for pattern in patterns for path in folder.glob(pattern))


def write_records(records: pl.DataFrame, folder: Path, stem: str) -> list[Path]:
    """Write records as Parquet: a column a tag where the tags share their times, else a row a record.

    Args:
        records: of RECORD_SCHEMA.
        folder: is there already.
        stem: of the files' names; several files get numbers.

    Returns:
        The files; all of them whole, or none where one fails.

    Raises:
        OSError: a file can't be written.
    """
    table = _table(records)
    rows = max(MOST_CELLS // table.width, 1)
    parts = [table.slice(start, rows) for start in range(0, table.height, rows)]
    names = (
        [f"{stem}.parquet"]
        if len(parts) == 1
        else [f"{stem}_{n:02}.parquet" for n in range(1, len(parts) + 1)]
    )
    with ExitStack() as undo:
        for name, part in zip(names, parts, strict=True):
            with atomic_write(folder / name) as file:
                part.write_parquet(file)
            undo.callback((folder / name).unlink, missing_ok=True)
        undo.pop_all()
    return [folder / name for name in names]


def write_log(periods: pl.DataFrame, folder: Path) -> Path:
    """Write periods as an operator log, with offsets.

    Raises:
        OSError: it can't be written.
    """
    path = folder / LOG_NAME
    texts = periods.select(
        start_time=pl.col("start").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
        end_time=pl.col("end").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
        reason=pl.col("reason"),
    )
    with atomic_write(path) as file:
        texts.write_csv(file)
    return path


def _table(records: pl.DataFrame) -> pl.DataFrame:
    plain = records.select("timestamp", "tag", "value", "quality")
    times, tags = plain["timestamp"].n_unique(), plain["tag"].n_unique()
    if times * (tags + 1) > 3 * plain.height or (plain["quality"] != "good").any():
        return plain
    return plain.pivot("tag", index="timestamp", values="value").sort("timestamp")
