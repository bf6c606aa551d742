"""Which parser a body is for, by its content type, and what is told of one that none can read.

Belongs here: content types, bodies to messages. Doesn't belong here: the formats themselves.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from serving.errors import Problem, TooLarge, invalid
from serving.live.sources.json_rows import BadDocumentError, parse_json, parse_ndjson
from serving.live.sources.message import MOST_READINGS, ParsedMessage, TooManyReadingsError
from serving.live.sources.push.arrow_body import parse_arrow
from serving.live.sources.push.line_protocol import PRECISIONS, parse_lines

JSON = "application/json"
LINES = "text/plain"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
ARROW = ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file")
TYPES = (JSON, *NDJSON, *ARROW, LINES)
_IN_THREAD_BYTES = 64 * 1024
"""What is larger is parsed beside the plants' tasks, which would wait otherwise."""

Parser = Callable[[bytes], ParsedMessage]


class UnknownFormat(Problem):
    status = 415
    slug = "unknown-format"
    title = "The body is of a type that holds no readings"


def parser_of(content_type: str, precision: str) -> Parser:
    """The parser of a content type; of JSON where none is stated.

    Raises:
        UnknownFormat: there is none.
        InvalidInput: a precision that line protocol doesn't have.
    """
    kind = content_type.partition(";")[0].strip().lower() or JSON
    if kind == JSON:
        return parse_json
    if kind in NDJSON:
        return parse_ndjson
    if kind in ARROW:
        return parse_arrow
    if kind == LINES:
        return lines_parser(precision)
    raise UnknownFormat(f"Content-Type: got {kind[:80]!r}; expected one of {', '.join(TYPES)}")


def lines_parser(precision: str) -> Parser:
    """The parser of line protocol whose times are in a precision; points without a time are of now.

    Raises:
        InvalidInput: no precision of InfluxDB's.
    """
    if precision not in PRECISIONS:
        raise invalid("precision", f"got {precision[:20]!r}", f"one of {', '.join(filter(None, PRECISIONS))}")
    return partial(parse_lines, unit=PRECISIONS[precision], now_us=time.time_ns() // 1000)


async def parse_readings(content: bytes, parse: Parser) -> ParsedMessage:
    """What a body holds.

    Raises:
        InvalidInput: nothing that its parser can read.
        TooLarge: more readings than are taken at once.
    """
    try:
        if len(content) > _IN_THREAD_BYTES:
            return await asyncio.to_thread(parse, content)
        return parse(content)
    except BadDocumentError as error:
        raise invalid("body", str(error), error.expected) from None
    except TooManyReadingsError as error:
        raise TooLarge(
            f"got {error}; expected at most {MOST_READINGS:,} a request", most_readings=MOST_READINGS
        ) from None
