"""Identifiers that sort by time. Python's own come with 3.14."""

import os
import time


def uuid7_hex() -> str:
    """A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    high = 0x7000 | random >> 68
    low = 0x8000_0000_0000_0000 | random & 0x3FFF_FFFF_FFFF_FFFF
    return f"{millis:012x}{high:04x}{low:016x}"
