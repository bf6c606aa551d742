"""What a hostile publisher sends: messages of each kind that a plant's topics may get, as many as asked for."""

import random
from collections.abc import Iterator

import orjson

from serving.broker.messages import OutgoingMessage

MB = 1024 * 1024
LARGE = 10 * MB
NAMES_AT_ONCE = 20_000
_TIME = b'"timestamp":"2025-03-03T06:00:00Z"'


def odd_payloads() -> dict[str, bytes]:
    """Payloads of the default topic that are wrong, by what is wrong with them."""
    row = b'{"timestamp":%b,"values":{"PDT31008":%b}}'
    now = b'"2025-03-03T06:00:00Z"'
    return {
        "no JSON": b"{",
        "nothing": b"",
        "no UTF-8": b'{"timestamp":"\xff\xfe"}',
        "lone surrogate": b'{"values":{"\\ud800":1}}',
        "deeply nested": b"[" * 100_000,
        "NaN": row % (now, b"NaN"),
        "infinite": row % (now, b"1e400"),
        "huge integer": row % (now, b"9" * 500),
        "too large a number": row % (now, b"1e300"),
        "text": row % (now, b'"high"'),
        "1970": row % (b"0", b"1"),
        "2100": row % (b'"2100-01-02T00:00:00Z"', b"1"),
        "no calendar's time": row % (b"1e308", b"1"),
        "long fraction": row % (b'"2025-03-03T06:00:00.' + b"0" * 100_000 + b'Z"', b"1"),
        "no offset": row % (b'"2025-03-03T06:00:00"', b"1"),
        "a unit to compute": b'{%b,"tag":"PDT31008","value":1,"unit":"9**9**9**9"}' % _TIME,
        "a long unit": b'{%b,"tag":"PDT31008","value":1,"unit":"%b"}' % (_TIME, b"bar" * 50_000),
        "empty rows": b"[" + b"{}," * 300_000 + b"{}]",
    }


def odd_names() -> bytes:
    """A row whose names no plant has: control characters, 100 kB."""
    names = ["\x00", "\x1b[2J", "a\nb", "\u202egnp", "x" * 100_000, "PDT31008\x00"]
    return orjson.dumps({"timestamp": "2025-03-03T06:00:00Z", "values": dict.fromkeys(names, 1.0)})


def unknown_names(count: int, seed: int = 1) -> Iterator[bytes]:
    """Rows of so many names, none twice."""
    mark = random.Random(seed).randrange(10**9)
    for start in range(0, count, NAMES_AT_ONCE):
        names = [f"n{mark}-{number}" for number in range(start, min(count, start + NAMES_AT_ONCE))]
        yield orjson.dumps({"timestamp": "2025-03-03T06:00:00Z", "values": dict.fromkeys(names, 1.0)})


def hostile_messages(topic: str, names: int, large: int) -> Iterator[OutgoingMessage]:
    """All of it on a plant's topic: each wrong payload, many unknown names, and large payloads."""
    for payload in (*odd_payloads().values(), odd_names(), *unknown_names(names)):
        yield OutgoingMessage(topic, payload)
    for number in range(large):
        yield OutgoingMessage(topic, b'{"timestamp":%d,"values":{"a":"%b"}}' % (number, b"x" * LARGE))
