"""Batches as Arrow IPC streams: what is read is plain columns of numbers, and nothing else.

Belongs here: columns of a stream, and answers to bytes. Doesn't belong here: the stream's messages
(`web/arrow_stream.py`), names and ranges (`tables.py`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plant_assets.features.arrays import Floats
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import invalid
from serving.inference.batch.schemas import MOST_BATCH_ROWS, MOST_CELLS, MOST_COLUMNS
from serving.inference.rows.names import LONGEST_NAME
from serving.web.arrow_stream import ArrowLimits, read_stream

if TYPE_CHECKING:
    import pyarrow as pa

_EXPECTED = "an Arrow IPC stream with numeric columns"


def read_columns(content: bytes) -> dict[str, Floats]:
    """The columns of a stream (rows,), NaN where null; a column of times is left out.

    Raises:
        InvalidInput: no such stream, or more or other columns and rows than can be taken.
    """
    schema, batches = read_stream(content, _LIMITS)
    kept = [(i, field.name) for i, field in enumerate(schema) if field.name.casefold() not in TIME_NAMES]
    if not kept:
        raise invalid("body", "no numeric columns", _EXPECTED)
    found: dict[str, Floats] = {}
    for i, name in kept:
        if name in found:
            raise invalid(f"columns.{name[:LONGEST_NAME]}", "given twice", "each name once, in any case")
        found[name] = np.concatenate([_numbers(batch.column(i)) for batch in batches])
    return found


def write_answer(columns: dict[str, Sequence | np.ndarray], metadata: dict[str, str]) -> bytes:
    """A stream of one batch with metadata in its schema."""
    import pyarrow as pa

    table = pa.table(columns).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _is_supported(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if field.name.casefold() in TIME_NAMES and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return True
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)


def _numbers(column: "pa.Array") -> Floats:
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


_LIMITS = ArrowLimits(
    rows=MOST_BATCH_ROWS,
    columns=MOST_COLUMNS,
    cells=MOST_CELLS,
    takes=_is_supported,
    column="a column of floats or integers",
    stream=_EXPECTED,
)
