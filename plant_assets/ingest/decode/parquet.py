"""Parquet to a grid; its own directory of sizes is checked before any value is read."""

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from plant_assets.ingest.decode.cells import CellGrid, DecodedFile, check_cells
from plant_assets.ingest.errors import Refusal

_READABLE = (pl.String, pl.Categorical, pl.Enum, pl.Datetime, pl.Date, pl.Time, pl.Boolean, pl.Null)


def decode_parquet(data: bytes, *, max_bytes: int) -> DecodedFile:
    """Decode a Parquet file; columns that hold neither numbers, texts nor times are left out.

    Raises:
        Refusal: cut off, damaged, or far larger inside than outside.
    """
    if not data.endswith(b"PAR1") or len(data) < 12:
        raise Refusal(
            "truncated", "the Parquet file is cut off: its end mark is missing", expected="a complete export"
        )
    try:
        meta = pq.ParquetFile(io.BytesIO(data)).metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        check_cells(meta.num_rows, meta.num_columns)
        if size > 4 * max_bytes:
            raise Refusal(
                "bomb",
                f"{size / 2**20:,.0f} MiB inside a file of {len(data) / 2**20:,.1f} MiB",
                expected=f"at most {4 * max_bytes / 2**20:,.0f} MiB uncompressed",
            )
        table = pq.read_table(io.BytesIO(data), use_threads=False)
        frame = pl.DataFrame(pl.from_arrow(table))
    except Refusal:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise Refusal(
            "damaged",
            f"the Parquet file can't be read: {str(error).splitlines()[0][:120] if str(error) else 'damaged'}",
            expected="a complete export",
        ) from None
    kept = [n for n, t in frame.schema.items() if t.is_numeric() or isinstance(t, _READABLE)]
    names = tuple(kept)
    left = tuple(n for n in frame.columns if n not in set(kept))
    grid = CellGrid(
        frame.select(
            pl.col(n).cast(pl.String) if isinstance(frame.schema[n], (pl.Categorical, pl.Enum)) else pl.col(n)
            for n in kept
        ).rename({n: str(i) for i, n in enumerate(kept)}),
        names=names,
        nested=left,
    )
    notes = [f"Columns of nested values are not read: {', '.join(left)}."] if left else []
    return DecodedFile([grid], "parquet", notes=notes)
