"""What clients are told when something is wrong: RFC 9457 problem documents with stable types.

Belongs here: the classes, one a type, and the one handler. Doesn't belong here: deciding that something
is wrong.
"""

import logging
from typing import ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from serving.faults import MOST_FAULTS, fault, faults_of

MEDIA_TYPE = "application/problem+json"
RETRY_LATER = {"Retry-After": "5"}
"""Headers of an answer that may be another one soon."""

log = logging.getLogger("serving")


class Problem(Exception):  # noqa: N818 the RFC's own word
    """An answer other than the one asked for.

    Args:
        detail: one sentence for the person who made this request.
        headers: of the answer.
        members: further members of the document.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **members: JsonValue) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self) -> Response:
        document = {
            "type": f"urn:forewarn:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        return Response(orjson.dumps(document), self.status, self.headers, MEDIA_TYPE)


class InvalidInput(Problem):
    """A request whose content can't be used; `errors` holds field, message and expectation of each fault."""

    status = 422
    slug = "invalid-request"
    title = "The request is invalid"

    def __init__(self, errors: list[dict[str, JsonValue]]) -> None:
        first = errors[0]
        super().__init__(
            f"{first['field']}: {first['message']}; expected {first['expected']}",
            errors=[*errors[:MOST_FAULTS]],
        )


class UnknownFeature(Problem):
    """Names that the plant doesn't know."""

    status = 422
    slug = "unknown-feature"
    title = "Unknown feature"


class NotJson(Problem):
    status = 400
    slug = "not-json"
    title = "The body is not valid JSON"


class EmptyBatch(Problem):
    status = 400
    slug = "empty-batch"
    title = "The request has no readings to score"


class TooLarge(Problem):
    status = 413
    slug = "too-large"
    title = "The body is too large"


class EncodedBody(Problem):
    """A body that is compressed, or encoded otherwise; the answer's header says what is taken."""

    status = 415
    slug = "encoded-body"
    title = "The body has an unsupported encoding"

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"Content-Encoding: got {encoding}; expected an uncompressed body",
            headers={"Accept-Encoding": "identity"},
        )


class BrokenEncoding(Problem):
    status = 400
    slug = "broken-encoding"
    title = "The body can not be decompressed"


class ClientLeft(Problem):
    """Nobody reads this; it stands in the log and in the figures."""

    status = 499
    slug = "client-left"
    title = "The client disconnected before its request was complete"


class Forbidden(Problem):
    status = 403
    slug = "forbidden"
    title = "Access denied"


class CrossSite(Problem):
    """A change that a page of another site asks for, through somebody's browser."""

    status = 403
    slug = "cross-site"
    title = "Other sites may change nothing"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"Origin: got {origin!r}; expected a page of this service, or of a host in FOREWARN_ALLOWED_HOSTS"
        )


class UnknownHost(Problem):
    """A request to a name that isn't the service's, as of DNS rebinding."""

    status = 421
    slug = "unknown-host"
    title = "The service does not go by this name"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"Host: got {host!r}; expected the address that the service listens on, or a host in "
            "FOREWARN_ALLOWED_HOSTS"
        )


class UnknownPlant(Problem):
    status = 404
    slug = "unknown-plant"
    title = "Unknown plant"


class NotReady(Problem):
    """A model that isn't there yet; `missing` says which, and why."""

    status = 503
    slug = "not-ready"
    title = "The model is not ready"


class TooManyClients(Problem):
    """One stream of events more than are served."""

    status = 503
    slug = "too-many-clients"
    title = "Too many clients are connected"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=RETRY_LATER)


class NotFound(Problem):
    status = 404
    slug = "not-found"
    title = "Not found"


class NotAllowed(Problem):
    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


def invalid(field: str, message: str, expected: str) -> InvalidInput:
    """One fault: where it is, what is wrong and what was expected."""
    return InvalidInput([fault(field, message, expected)])


def install(app: FastAPI) -> None:
    """Answer every failure of an app with a problem document."""
    for kind in (Problem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, RequestValidationError):
        return InvalidInput(faults_of(error.errors())).response()
    if isinstance(error, HTTPException):
        return _from_framework(error, request).response()
    return answer_unexpected(error, request.method, request.url.path)


def answer_unexpected(error: Exception, method: str, path: str) -> Response:
    """The answer to a request that failed by a fault of ours, which is told in the log."""
    log.error("%s %s failed", method, path, exc_info=error)
    return Problem("unexpected error; see the service's log").response()


def _from_framework(error: HTTPException, request: Request) -> Problem:
    headers = dict(error.headers or {})
    if error.status_code == NotAllowed.status:
        allowed = headers.get("allow") or headers.get("Allow") or "another method"
        return NotAllowed(f"method {request.method} is not allowed here; expected {allowed}", headers=headers)
    if error.status_code == NotFound.status:
        return NotFound("no such path; see /docs for all paths", headers=headers)
    return NotJson(str(error.detail), headers=headers)
