"""Ids of requests: a client's own if it is sane, else one made here."""

import re

from serving.uuid7 import uuid7_hex

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def request_id_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The id that a request goes by.

    Args:
        headers: of the request, names in lower case.
    """
    for name, value in headers:
        if name == HEADER and _SANE.fullmatch(value):
            return value.decode("ascii")
    return uuid7_hex()
