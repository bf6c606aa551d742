"""Batches as Arrow IPC streams: what is read is plain columns of numbers, and nothing else.

Belongs here: bytes to columns and answers to bytes. Doesn't belong here: names and ranges (`tables.py`).

A stream is looked at message by message before any of it becomes an array: dictionaries, nested types and compressed
bodies, by which few bytes become many, are refused by what the message's own header says.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from flatbuffers.table import Table

from plant_assets.features.arrays import Floats
from plant_assets.profile.tag import TIME_NAMES
from serving.errors import InvalidInput, invalid
from serving.inference.batch.schemas import MOST_BATCH_ROWS, MOST_CELLS, MOST_COLUMNS
from serving.inference.rows.names import LONGEST_NAME

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_SCHEMA = 4 * 1024 * 1024
_COMPRESSION = 4 + 2 * 3
_HEADER = 4 + 2 * 2
_EXPECTED = "an Arrow IPC stream with numeric columns"


def read_columns(content: bytes) -> dict[str, Floats]:
    """The columns of a stream (rows,), NaN where null; a column of times is left out.

    Raises:
        InvalidInput: no such stream, or more or other columns and rows than can be taken.
    """
    import pyarrow as pa

    try:
        reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(content))
        schema = _schema(reader.read_next_message())
        batches = list(_batches(reader, schema))
    except (pa.ArrowException, ValueError, OSError, EOFError, StopIteration, struct.error) as error:
        raise _unreadable(error) from None
    if not any(batch.num_rows for batch in batches):
        raise invalid("body", "no rows", f"1 to {MOST_BATCH_ROWS} rows")
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


def _schema(message: "pa.Message") -> "pa.Schema":
    import pyarrow as pa

    if message.type != "schema" or message.metadata.size > LARGEST_SCHEMA:
        raise invalid("body", "no schema at its start, or a schema that is too large", _EXPECTED)
    schema = pa.ipc.read_schema(message)
    if not 1 <= len(schema) <= MOST_COLUMNS:
        raise invalid("body", f"{len(schema)} columns", f"1 to {MOST_COLUMNS} columns")
    for field in schema:
        if not _is_supported(field):
            place = f"columns.{field.name[:LONGEST_NAME]}"
            # What a nested or dictionary type is made of may be long.
            kind = str(field.type).partition("<")[0]
            raise invalid(place, f"of type {kind}", "a column of floats or integers")
    return schema


def _is_supported(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if field.name.casefold() in TIME_NAMES and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return True
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)


def _batches(reader: "pa.MessageReader", schema: "pa.Schema") -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    rows = 0
    for message in reader:
        if message.type != "record batch":
            raise invalid("body", f"a message of type {message.type}", _EXPECTED)
        length, compressed = _header(message.metadata.to_pybytes())
        if compressed:
            raise invalid("body", "compressed columns", "columns that aren't compressed")
        rows += length
        if length < 0 or rows > MOST_BATCH_ROWS:
            raise invalid("body", "too many rows", f"1 to {MOST_BATCH_ROWS} rows")
        if rows * len(schema) > MOST_CELLS:
            raise invalid("body", f"{len(schema)} columns of {rows} rows", f"at most {MOST_CELLS} values")
        batch = pa.ipc.read_record_batch(message, schema)
        batch.validate(full=True)
        yield batch


def _header(metadata: bytes) -> tuple[int, bool]:
    """Rows of a record batch and whether it is compressed (Arrow's Message.fbs and RecordBatch), unread otherwise."""
    message = Table(metadata, int.from_bytes(metadata[:4], "little"))
    batch = Table(metadata, message.Indirect(message.Pos + message.Offset(_HEADER)))
    at = batch.Offset(4)
    start = batch.Pos + at
    rows = int.from_bytes(metadata[start : start + 8], "little", signed=True) if at else 0
    return rows, bool(batch.Offset(_COMPRESSION))


def _numbers(column: "pa.Array") -> Floats:
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _unreadable(error: BaseException) -> InvalidInput:
    lines = str(error).strip().splitlines()
    return invalid("body", f"not readable ({lines[0][:100] if lines else type(error).__name__})", _EXPECTED)
