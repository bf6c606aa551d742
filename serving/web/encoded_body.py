"""Bodies that come compressed, for the routes that take such ones: few bytes may become many, so both are bounded.

Belongs here: routes that say so, reading and decompressing. Doesn't belong here: what is in a body.
"""

import zlib
from typing import ClassVar

from fastapi import Request
from fastapi.routing import APIRoute

from serving.errors import BrokenEncoding, EncodedBody, TooLarge
from serving.web.body import AS_IT_IS, LONGEST_ENCODING, read_bytes

_GZIP = "gzip"
_GZIP_FRAME = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 16
"""A gzip body may be several files one after another; each costs a copy of the rest."""


class GzipRoute(APIRoute):
    """A route that reads its body by `read_decoded`."""

    encodings: ClassVar[frozenset[str]] = frozenset({_GZIP, "x-gzip"})


async def read_decoded(request: Request, most_bytes: int) -> bytes:
    """The request's body as it was before it was compressed.

    Raises:
        TooLarge: more than `most_bytes`, before or after; read and decompressed no further.
        BrokenEncoding: it isn't what its Content-Encoding says.
        EncodedBody: compressed more than once.
        ClientLeft: it ends before it is complete.
    """
    header = request.headers.get("content-encoding", "")
    encodings = [one for one in (part.strip().lower() for part in header.split(",")) if one not in AS_IT_IS]
    if len(encodings) > 1:
        raise EncodedBody(header[:LONGEST_ENCODING])
    content = await read_bytes(request, most_bytes)
    return _decompress(content, most_bytes) if encodings else content


def _decompress(content: bytes, most_bytes: int) -> bytes:
    found, rest = bytearray(), content
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP_FRAME)
        try:
            found += member.decompress(rest, most_bytes + 1 - len(found))
        except zlib.error as error:
            raise BrokenEncoding(f"Content-Encoding: got no gzip ({error}); expected a gzip body") from None
        if len(found) > most_bytes:
            raise TooLarge(f"expected at most {most_bytes} bytes, decompressed", most_bytes=most_bytes)
        if not member.eof:
            raise BrokenEncoding("Content-Encoding: the gzip body ends before its end; expected all of it")
        rest = member.unused_data
        if not rest:
            return bytes(found)
    raise BrokenEncoding(f"Content-Encoding: got more than {_MOST_MEMBERS} gzip members; expected one")
