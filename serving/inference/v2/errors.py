"""The protocol's own form of errors, `{"error": "…"}`, for its routes only.

Belongs here: from a problem to that form. Doesn't belong here: deciding that something is wrong.
"""

import logging
from collections.abc import Callable, Coroutine

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from serving.errors import Problem, TooLarge
from serving.inference.v2.schemas import ErrorDocument
from serving.web.openapi import Responses

log = logging.getLogger("serving")

_TEXTS = {
    400: "The request is invalid; `error` gives the place and what was expected",
    404: "Unknown model or version",
    413: "The body is too large",
    415: "The body is compressed; see Accept-Encoding",
    503: "The model is not serving yet; see Retry-After",
}


class BadRequest(Problem):
    """A request that isn't of the protocol's form, or that the model doesn't take."""

    status = 400
    slug = "bad-request"
    title = "The request is invalid"


class UnknownModel(Problem):
    status = 404
    slug = "unknown-model"
    title = "Unknown model"


class V2Route(APIRoute):
    """A route whose failures are told in the protocol's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle = super().get_route_handler()

        async def handle_in_form(request: Request) -> Response:
            try:
                return await handle(request)
            except TooLarge as problem:
                return error_answer(f"the body is too large; {problem.detail}", problem.status)
            except Problem as problem:
                # The protocol has one status for all that is wrong with a request.
                status = BadRequest.status if problem.status == 422 else problem.status
                return error_answer(problem.detail, status, problem.headers)
            except (HTTPException, RequestValidationError):
                raise
            except Exception:
                log.exception("%s %s failed", request.method, request.url.path)
                return error_answer("unexpected error; see the service's log", 500)

        return handle_in_form


def error_answer(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps({"error": text}), status, headers, "application/json")


def errors(*codes: int) -> Responses:
    """The errors of a route, for OpenAPI."""
    return {code: {"model": ErrorDocument, "description": _TEXTS[code]} for code in codes}
