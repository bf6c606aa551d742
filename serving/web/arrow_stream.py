"""Arrow IPC streams that others send, read message by message.

Belongs here: what may come before any of it becomes an array. Dictionaries, nested types and compressed bodies, by
which few bytes become many, are refused by what the message's own header says. Doesn't belong here: what the columns
mean (`arrow_body.py` of a service's route).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flatbuffers.table import Table

from serving.errors import InvalidInput, invalid

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_SCHEMA = 4 * 1024 * 1024
LONGEST_NAME = 100
_COMPRESSION = 4 + 2 * 3
_HEADER = 4 + 2 * 2


@dataclass(frozen=True, slots=True)
class ArrowLimits:
    """What a stream may hold.

    Attributes:
        rows, columns: at most so many.
        cells: rows times columns: a column that few rows hold, or an empty one, costs few bytes to send.
        takes: whether a field is one that the reader makes something of.
        column: what is expected of a field that isn't.
        stream: what is expected as a whole.
    """

    rows: int
    columns: int
    cells: int
    takes: "Callable[[pa.Field], bool]"
    column: str
    stream: str


def read_stream(content: bytes, limits: ArrowLimits) -> "tuple[pa.Schema, list[pa.RecordBatch]]":
    """A stream's schema and batches, with at least one row.

    Raises:
        InvalidInput: no such stream, or more or other columns and rows than the limits allow.
    """
    import pyarrow as pa

    try:
        reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(content))
        schema = _schema(reader.read_next_message(), limits)
        batches = list(_batches(reader, schema, limits))
    except (pa.ArrowException, ValueError, OSError, EOFError, StopIteration, struct.error) as error:
        raise _unreadable(error, limits) from None
    if not any(batch.num_rows for batch in batches):
        raise invalid("body", "no rows", f"1 to {limits.rows} rows")
    return schema, batches


def _schema(message: "pa.Message", limits: ArrowLimits) -> "pa.Schema":
    import pyarrow as pa

    if message.type != "schema" or message.metadata.size > LARGEST_SCHEMA:
        raise invalid("body", "no schema at its start, or a schema that is too large", limits.stream)
    schema = pa.ipc.read_schema(message)
    if not 1 <= len(schema) <= limits.columns:
        raise invalid("body", f"{len(schema)} columns", f"1 to {limits.columns} columns")
    for field in schema:
        if not limits.takes(field):
            place = f"columns.{field.name[:LONGEST_NAME]}"
            # What a nested or dictionary type is made of may be long.
            kind = str(field.type).partition("<")[0]
            raise invalid(place, f"of type {kind}", limits.column)
    return schema


def _batches(
    reader: "pa.MessageReader", schema: "pa.Schema", limits: ArrowLimits
) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    rows = 0
    for message in reader:
        if message.type != "record batch":
            raise invalid("body", f"a message of type {message.type}", limits.stream)
        length, compressed = _header(message.metadata.to_pybytes())
        if compressed:
            raise invalid("body", "compressed columns", "columns that aren't compressed")
        rows += length
        if length < 0 or rows > limits.rows:
            raise invalid("body", "too many rows", f"1 to {limits.rows} rows")
        if rows * len(schema) > limits.cells:
            raise invalid("body", f"{len(schema)} columns of {rows} rows", f"at most {limits.cells} values")
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


def _unreadable(error: BaseException, limits: ArrowLimits) -> InvalidInput:
    lines = str(error).strip().splitlines()
    return invalid(
        "body", f"not readable ({lines[0][:100] if lines else type(error).__name__})", limits.stream
    )
