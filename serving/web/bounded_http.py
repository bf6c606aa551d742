"""HTTP of uvicorn with bounds that it lacks: how long headers may be, how long they and a body may take, and that
connections without a request make room for those with one.

Belongs here: what happens before an app sees a request. How long bodies may be is the apps' affair.
"""

import asyncio
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

MOST_HEADER_BYTES = 32 * 1024
HEADERS_WITHIN_S = 15.0
BODY_WITHIN_S = 60.0
_AROUND_HEADER = len(": \r\n")
BODY_PIECE_BYTES = 16 * 1024 * 1024
"""A larger body has `BODY_WITHIN_S` for each such piece: files are uploaded over slow lines too."""
SPARE_CONNECTIONS = 100
"""So many below the server's limit, new connections end those that have been idle for longest."""
GRACE_S = 0.2
_REFUSAL = b"HTTP/1.1 %b\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
_TOO_LONG = (
    b'{"type":"urn:forewarn:problem:headers-too-long","title":"The headers are too long","status":431,'
    b'"detail":"expected at most %d bytes of request line and headers"}' % MOST_HEADER_BYTES
)
_NO_HTTP = (
    b'{"type":"urn:forewarn:problem:no-http","title":"The request is no HTTP","status":400,'
    b'"detail":"expected a request of HTTP/1.1 or 1.0 whose headers agree with its body"}'
)


_IDLE: "WeakKeyDictionary[ServerState, dict[BoundedHttp, float]]" = WeakKeyDictionary()
"""A server's connections on which no request is being answered, in the order in which they became so, and when."""


class TooLongError(ValueError):
    """Raised within the parser, which then stops."""


class BoundedHttp(HttpToolsProtocol):
    """A connection that is closed when a request's headers don't end in time and size, or its body in time."""

    _header_bytes = 0
    _parsed_bytes = 0
    _in_headers = True
    _body_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()
        self._idle[self] = self.loop.time()
        if self.limit_concurrency:
            self._make_room(len(self.connections) - self.limit_concurrency + SPARE_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_headers or self.transport.is_closing():
            return
        self._header_bytes += len(data)
        if self._header_bytes > MOST_HEADER_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_LONG)
        elif self._deadline is None:
            self._await_headers()

    def on_message_begin(self) -> None:
        self._in_headers, self._header_bytes, self._parsed_bytes = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _AROUND_HEADER)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers, self._body_bytes = False, 0
        self._idle.pop(self, None)
        self._await_body()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > BODY_PIECE_BYTES:
            self._body_bytes = 0
            self._await_body()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._forget_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._idle[self] = self.loop.time()

    @property
    def _idle(self) -> "dict[BoundedHttp, float]":
        return _IDLE.setdefault(self.server_state, {})

    def _make_room(self, connections: int) -> None:
        """End so many connections that have been idle for longest; new ones have a moment to send their request."""
        for idle, since in list(self._idle.items())[: max(0, connections)]:
            if self.loop.time() - since < GRACE_S:
                break
            del self._idle[idle]
            self.connections.discard(idle)  # counted no more, though it is lost only in a moment
            idle.transport.abort()

    def _count(self, size: int) -> None:
        """Count what the parser has found of the headers: all of them may come at once."""
        self._parsed_bytes += size
        if self._parsed_bytes > MOST_HEADER_BYTES:
            raise TooLongError

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _await_body(self) -> None:
        self._forget_deadline()
        self._deadline = self.loop.call_later(BODY_WITHIN_S, self.transport.close)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        del msg  # always the same sentence
        if self._parsed_bytes > MOST_HEADER_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_LONG)
        else:
            self._refuse(b"400 Bad Request", _NO_HTTP)

    def _refuse(self, status: bytes, problem: bytes) -> None:
        self.transport.write(_REFUSAL % (status, len(problem), problem))
        self.transport.close()
