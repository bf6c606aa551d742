"""Readings as Arrow IPC, a stream or a file: a column a tag, or a row a reading.

Belongs here: columns to raw readings. Doesn't belong here: the stream's messages (`web/arrow_stream.py`).

Wide: `timestamp` and a column of numbers a tag. Long: `timestamp`, `tag`, `value`, and `quality` and `unit` where there
are some. Times have a zone, or are integers, milliseconds since 1970.
"""

from typing import TYPE_CHECKING, TypeGuard

from serving.errors import invalid
from serving.live.readings import RawReading
from serving.live.sources import quality
from serving.live.sources.message import LONGEST_NAME, ParsedMessage
from serving.live.sources.times import EARLIEST_US, LATEST_US
from serving.web.arrow_stream import ArrowLimits, read_stream

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 500_000
MOST_COLUMNS = 5_000
MOST_CELLS = 2_000_000
_TIME = "timestamp"
_TEXTS = ("tag", "quality", "unit")
_EXPECTED = "an Arrow IPC stream with a column timestamp, and columns of tags or tag and value"
_TIMES = "timestamps with a zone such as UTC, or integers, milliseconds since 1970"
_FILE_MAGIC = b"ARROW1\0\0"


def parse_arrow(content: bytes) -> ParsedMessage:
    """The readings of a stream, or of a file, which is a stream with a table of contents.

    Raises:
        TooManyReadingsError: more than `MOST_READINGS`.
        serving.errors.InvalidInput: no such stream, or other columns than those; the first that is wrong is named.
    """
    schema, batches = read_stream(content.removeprefix(_FILE_MAGIC), _LIMITS)
    if len(set(schema.names)) < len(schema.names):
        raise invalid("columns", "a name twice", "each name once")
    if _TIME not in schema.names:
        raise invalid("columns.timestamp", "absent", _TIMES)
    rows = sum(batch.num_rows for batch in batches)
    is_long = {"tag", "value"} <= set(schema.names)
    message = ParsedMessage(lambda row, name: f"rows.{row}.{name}")
    message.check_room(rows if is_long else rows * (len(schema) - 1))
    first = 0
    for batch in batches:
        times = _times(batch.column(_TIME))
        if is_long:
            _take_long(batch, times, first, message)
        else:
            _take_wide(batch, times, first, message)
        first += batch.num_rows
    return message


def _take_wide(batch: "pa.RecordBatch", times: list[int | None], first: int, message: ParsedMessage) -> None:
    names = [name for name in batch.schema.names if name != _TIME]
    for name, field in ((name, batch.schema.field(name)) for name in names):
        if not _is_number(field):
            raise invalid(
                f"columns.{name[:LONGEST_NAME]}", f"of type {field.type}", "a column of floats or integers"
            )
    columns = [_numbers(batch.column(name)) for name in names]
    for row, (time_us, *values) in enumerate(zip(times, *columns, strict=True), first):
        if not _has_time(time_us, row, message):
            continue
        if not names:
            message.note_time(time_us)
        for name, value in zip(names, values, strict=True):
            message.readings.append(RawReading(name, time_us, value, "bad" if value is None else "good"))
            message.rows.append(row)


def _take_long(batch: "pa.RecordBatch", times: list[int | None], first: int, message: ParsedMessage) -> None:
    if unknown := set(batch.schema.names) - {_TIME, "value", *_TEXTS}:
        name = sorted(unknown)[0][:LONGEST_NAME]
        raise invalid(f"columns.{name}", "an unknown column", "timestamp, tag, value, quality and unit")
    texts = {name: batch.column(name).to_pylist() for name in _TEXTS if name in batch.schema.names}
    qualities, units = texts.get("quality", []), texts.get("unit", [])
    values = _numbers(batch.column("value"))
    for i, (time_us, name, value) in enumerate(zip(times, texts["tag"], values, strict=True)):
        row = first + i
        if not _has_time(time_us, row, message):
            continue
        if not isinstance(name, str) or not name:
            message.refuse(f"rows.{row}.tag", "got null or an empty text", "the tag's name")
            continue
        word = qualities[i] if qualities else None
        rated = "good" if word is None else quality.read_quality(word)
        if rated is None:
            message.refuse(f"rows.{row}.quality", f"got {str(word)[:40]!r}", quality.EXPECTED)
            continue
        unit = str(units[i] or "") if units else ""
        message.readings.append(RawReading(name, time_us, value, "bad" if value is None else rated, unit))
        message.rows.append(row)


def _has_time(time_us: int | None, row: int, message: ParsedMessage) -> TypeGuard[int]:
    if time_us is None:
        message.refuse(f"rows.{row}.timestamp", "got null, or a time beyond the years 1 to 9999", _TIMES)
    return time_us is not None


def _times(column: "pa.Array") -> list[int | None]:
    """Microseconds since 1970; None of a null, and of what no calendar has."""
    import pyarrow as pa

    if pa.types.is_integer(column.type):
        found = [None if time is None else time * 1000 for time in column.to_pylist()]
    elif pa.types.is_timestamp(column.type) and column.type.tz is not None:
        times, parts = _UNITS[column.type.unit]
        ticks = column.cast(pa.int64()).to_pylist()
        found = [None if tick is None else tick * times // parts for tick in ticks]
    elif pa.types.is_timestamp(column.type):
        raise invalid("columns.timestamp", "times without a zone", _TIMES)
    else:
        raise invalid("columns.timestamp", f"of type {column.type}", _TIMES)
    return [time if time is not None and EARLIEST_US <= time <= LATEST_US else None for time in found]


_UNITS = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
"""Microseconds of a timestamp's unit, as a fraction."""


def _numbers(column: "pa.Array") -> list[float | None]:
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_pylist()


def _is_number(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)


def _is_taken(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if field.name == _TIME:
        return pa.types.is_timestamp(kind) or pa.types.is_integer(kind)
    if field.name in _TEXTS:
        return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return _is_number(field)


_LIMITS = ArrowLimits(
    rows=MOST_ROWS,
    columns=MOST_COLUMNS,
    cells=MOST_CELLS,
    takes=_is_taken,
    column="a column of floats or integers, texts in tag, quality and unit, times in timestamp",
    stream=_EXPECTED,
)
