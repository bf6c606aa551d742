"""The feature kernel from Parquet to Parquet, for histories longer than memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from plant_assets.features.errors import FeatureError
from plant_assets.features.polars_engine import compute_features
from plant_assets.features.spec import FeatureSpec, look_back

BATCH_ROWS = 1 << 16


def compute_features_file(
    source: Path, target: Path, specs: Sequence[FeatureSpec], *, batch_rows: int = BATCH_ROWS
) -> int:
    """Evaluate specs on a Parquet file, batch by batch, each with its look-back.

    Memory stays near `batch_rows` rows of every feature, however long the file is. The result appears under
    its name only when it is whole.

    Args:
        source: a regular grid in time order with `timestamp` and the specs' sources.
        target: Parquet file to write: `timestamp` and the features.
        specs: what to compute.
        batch_rows: rows evaluated and written at once.

    Returns:
        Rows written.

    Raises:
        FeatureError: a column is absent, or the grid isn't regular (the row is counted within its batch).
    """
    columns = list(dict.fromkeys(["timestamp", *(spec.source for spec in specs)]))
    lazy = pl.scan_parquet(source)
    if absent := [name for name in columns if name not in lazy.collect_schema()]:
        raise FeatureError(f"{source.name}: expected a column {absent[0]!r}")
    rows = lazy.select(pl.len()).collect().item()
    schema = compute_features(lazy.select(columns).head(0).collect(), specs).schema

    def batches(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        return _compute_batches(lazy.select(columns), specs, batch_rows)

    partial = target.with_name(f".{target.name}.partial")
    try:
        register_io_source(batches, schema=schema).sink_parquet(partial, row_group_size=batch_rows)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _compute_batches(
    source: pl.LazyFrame, specs: Sequence[FeatureSpec], batch_rows: int
) -> Iterator[pl.DataFrame]:
    """Features of each batch; the rows before it ride along as look-back."""
    context = pl.DataFrame()
    for batch in source.collect_batches(chunk_size=batch_rows, maintain_order=True):
        rows = pl.concat([context, batch]) if context.height else batch
        yield compute_features(rows, specs)[context.height :]
        context = rows.tail(look_back(specs))
