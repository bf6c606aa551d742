"""Bodies of requests: bounded, JSON, and of the expected shape, else a problem document. And those of answers.

Pydantic parses the bytes itself; Starlette's own parsing would take NaN, and twice the time.
"""

from typing import TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.requests import ClientDisconnect

from serving.errors import ClientLeft, EncodedBody, InvalidInput, NotJson, TooLarge
from serving.faults import faults_of

MOST_DIGITS = 18
LONGEST_ENCODING = 40
AS_IT_IS = frozenset({"", "identity"})
Body = TypeVar("Body", bound=BaseModel)


def parse_body(content: bytes, shape: type[Body]) -> Body:
    """A body that was read already, as a `shape`.

    Raises:
        NotJson: no JSON document, or one nested too deeply.
        InvalidInput: another shape; says which field, and what was expected.
    """
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        if errors[0]["type"] == "json_invalid":
            raise NotJson(errors[0]["msg"]) from None
        raise InvalidInput(faults_of(errors, shape.model_fields)) from None


# A coroutine, though it waits for nothing: FastAPI runs plain functions in a thread, which costs half a millisecond.
async def refuse_encoded(request: Request) -> None:
    """Refuse a body that would have to be decoded first, but for routes that do so (`encoded_body.py`).

    Raises:
        EncodedBody: it is compressed.
    """
    encoding = request.headers.get("content-encoding", "")
    taken = AS_IT_IS | getattr(request.scope.get("route"), "encodings", AS_IT_IS)
    if not taken.issuperset(one.strip().lower() for one in encoding.split(",")):
        raise EncodedBody(encoding[:LONGEST_ENCODING])


async def read_bytes(request: Request, most_bytes: int) -> bytes:
    """The request's body as it came.

    Raises:
        TooLarge: more than `most_bytes`; read no further.
        ClientLeft: it ends before it is complete.
    """
    declared = request.headers.get("content-length", "0")
    # More digits than any length has would be refused by int(), as would ² be, which is a digit to isdigit().
    if declared.isdecimal() and (len(declared) > MOST_DIGITS or int(declared) > most_bytes):
        raise _too_large(most_bytes)
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > most_bytes:
                raise _too_large(most_bytes)
    except ClientDisconnect:
        raise ClientLeft(f"got {len(content)} bytes") from None
    return bytes(content)


def answer(document: BaseModel | dict[str, JsonValue], status: int = 200) -> Response:
    """A document as JSON, without FastAPI's own conversion; models within it become objects of their fields."""
    return Response(orjson.dumps(document, default=vars), status, media_type="application/json")


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"expected at most {most_bytes} bytes", most_bytes=most_bytes)
