"""Routes whose signature is their contract: the body is a parameter, read within bounds and parsed once.

Belongs here: how a body comes to FastAPI, and what is said of one that can't be used. Doesn't belong here: bodies that
a route reads by itself (`body.py`).
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import ClassVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import JsonValue
from pydantic_core import ErrorDetails, from_json

from serving.errors import InvalidInput, NotJson, Problem, invalid
from serving.faults import faults_of
from serving.settings import ServingSettings
from serving.web.body import read_bytes

_NO_OBJECT: JsonValue = []
"""What no body's model takes."""

Handler = Callable[[Request], Coroutine[None, None, Response]]


class BoundedRoute(APIRoute):
    """A route whose JSON body, a model, has at most as many bytes as the settings allow.

    The body is read as JSON whatever its Content-Type. What dependencies refuse is told first, then a body that can't
    be read, then one of another shape. Takes 1.2 to 1.5 times as long as `parse_body`.

    Raises (when a request is handled):
        TooLarge: more bytes; read no further.
        NotJson: no JSON document, or one nested too deeply.
        InvalidInput: another shape; says which field, and what was expected.
    """

    most_bytes: ClassVar[int | None] = None

    def get_route_handler(self) -> Handler:
        handle, body = super().get_route_handler(), self.body_field
        if body is None:
            return handle
        fields = getattr(body.field_info.annotation, "model_fields", ())
        is_required = body.field_info.is_required()

        async def read_and_handle(request: Request) -> Response:
            content, document, problem = b"", _NO_OBJECT, None
            try:
                content = await read_bytes(request, self._limit(request))
                document = _parse(content) if content or is_required else None
            except Problem as error:
                content, problem = b" ", error
            try:
                return await handle(_ReadRequest(request, content, document))
            except RequestValidationError as error:
                raise problem or InvalidInput(faults_of(_within_body(error.errors()), fields)) from None

        return read_and_handle

    def _limit(self, request: Request) -> int:
        settings: ServingSettings = request.app.state.settings
        return self.most_bytes or settings.max_body_bytes


class SmallBodyRoute(BoundedRoute):
    """A route whose body is a few fields that a person fills in."""

    most_bytes = 16 * 1024


class _ReadRequest(Request):
    """A request whose body was read already, and is taken for JSON."""

    def __init__(self, request: Request, content: bytes, document: JsonValue) -> None:
        headers = [header for header in request.scope["headers"] if header[0] != b"content-type"]
        headers.append((b"content-type", b"application/json"))
        super().__init__({**request.scope, "headers": headers}, request.receive)
        self._content = content
        self._document = document

    async def body(self) -> bytes:
        return self._content

    async def json(self) -> JsonValue:
        return self._document


def _within_body(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Errors whose place in the body begins in it; those of a path or query keep theirs."""
    return [{**e, "loc": e["loc"][1:]} if e["loc"][0] == "body" else e for e in errors]


def _parse(content: bytes) -> JsonValue:
    try:
        document = from_json(content)
    except ValueError as error:
        raise NotJson(f"Invalid JSON: {error}") from None
    if document is None:
        raise invalid("body", "got null", "an object")
    return document
