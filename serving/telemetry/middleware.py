"""What happens to every request, whatever its route: an id, figures, security headers, a line in the log.

Pure ASGI: an answer's parts go through as they come, so that event streams aren't held up.
"""

import logging
import time
from collections.abc import Callable

from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import answer_unexpected
from serving.telemetry.correlation import REQUEST_ID, SERVED_BY, request_id_of, served_by
from serving.telemetry.logs import ACCESS
from serving.telemetry.metrics import OTHER, HttpMetrics
from serving.telemetry.notes import CURRENT, LONGEST_FACT, RequestNotes

LEFT = 499
"""Status of a request whose client left before its answer began."""
OFTEN_ASKED = frozenset({"/health", "/ready", "/metrics"})
"""Asked by machines every few seconds; good answers to it are logged at level debug."""
Observer = Callable[[RequestNotes, float], None]
RawHeaders = list[tuple[bytes, bytes]]

_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
# The page of the API starts itself by a script in the page, and ReDoc works in a worker made from a blob.
_PAGE_POLICY = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_POLICY = b"content-security-policy"
_STATIC = "/static-"
log = logging.getLogger(ACCESS)


class TelemetryMiddleware:
    """The middleware that all services share."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics, observers: tuple[Observer, ...] = ()) -> None:
        self._app = app
        self._metrics = metrics
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._metrics, self._observers)
        token = CURRENT.set(exchange.notes)
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:
            if exchange.status:
                raise
            await answer_unexpected(error, scope["method"], scope["path"])(scope, receive, exchange.send)
        finally:
            exchange.finish()
            CURRENT.reset(token)


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_metrics", "_observers", "_scope", "_send", "began", "notes", "status")

    def __init__(
        self, scope: Scope, send: Send, metrics: HttpMetrics, observers: tuple[Observer, ...]
    ) -> None:
        self._scope = scope
        self._send = send
        self._metrics = metrics
        self._observers = observers
        self.began = time.perf_counter()
        self.notes = RequestNotes({"request_id": request_id_of(scope["headers"])})
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message["status"])
            headers = message["headers"] = list(message.get("headers", ()))
            headers.append((REQUEST_ID, self.notes.facts["request_id"].encode("ascii")))
            headers.append((SERVED_BY, served_by(self.notes.asked)))
            # Of a 304, a browser would put them in place of those of the answer that it keeps.
            if message["status"] != 304:
                add_security_headers(headers, self._scope["path"])
        await self._send(message)

    def finish(self) -> None:
        """Write the request's line, once nothing more is sent."""
        if not self.status:
            self._start(LEFT)
        path = self._scope["path"]
        level = logging.DEBUG if path in OFTEN_ASKED and self.status < 400 else logging.INFO
        if not log.isEnabledFor(level):
            return
        client = self._scope.get("client")
        log.log(
            level,
            "request",
            extra={
                "method": self._scope["method"],
                "path": path[:LONGEST_FACT],
                "route": template(self._scope),
                "status": self.status,
                "duration_ms": round((time.perf_counter() - self.began) * 1000, 3),
                "client": client[0] if client else None,
            },
        )

    def _start(self, status: int) -> None:
        self.status = status
        seconds = time.perf_counter() - self.began
        plant = self._scope.get("path_params", {}).get("plant")
        if plant is not None:
            self.notes.facts.setdefault("plant", plant[:LONGEST_FACT])
        self._metrics.observe(template(self._scope), self._scope["method"], status, seconds)
        for observe in self._observers:
            observe(self.notes, seconds)


def template(scope: Scope) -> str:
    """The template of a request's route; of what no route takes, "other".

    Of a router in a router, FastAPI notes the route with its whole path apart from the route itself.
    """
    fastapi = scope.get("fastapi")
    route = (fastapi and fastapi.get("effective_route_context")) or scope.get("route")
    if route is not None:
        return route.path_format
    app = scope.get("app")
    if app is None:
        return OTHER
    path, root = scope["path"], scope.get("root_path", "")
    return next((known for known in _plain_paths(app.routes) if known in (path, root)), OTHER)


def _plain_paths(routes: list[object]) -> list[str]:
    """Routes that aren't FastAPI's: the API's document and the files of its page."""
    return [route.path for route in routes if type(route) in (Route, Mount)]  # type: ignore[attr-defined]


def add_security_headers(headers: RawHeaders, path: str) -> None:
    """Add the headers that an answer lacks.

    Args:
        headers: of the answer, names in lower case; extended in place.
        path: of the request; assets of the page of the API may be kept by browsers.
    """
    given = dict(headers)
    headers.extend(header for header in _ALWAYS if header[0] not in given)
    if _POLICY not in given:
        page = given.get(b"content-type", b"").startswith(b"text/html")
        headers.append((_POLICY, _PAGE_POLICY if page else _DATA_POLICY))
    if b"cache-control" not in given and not path.startswith(_STATIC):
        headers.append((b"cache-control", b"no-store"))
