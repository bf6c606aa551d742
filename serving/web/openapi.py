"""How routes describe themselves on /docs: the problems they answer, and bodies that they read themselves.

Belongs here: what holds for all services. Doesn't belong here: what a status means in one of them (its `openapi.py`).
"""

import re
from collections.abc import Mapping

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, JsonValue

from serving.errors import MEDIA_TYPE

EVENT_STREAM = "text/event-stream"
BODY = (400, 413, 415, 422)
"""What any route that reads a body may answer."""
BYTES: dict[str, JsonValue] = {"schema": {"type": "string", "format": "binary"}}
_TEXTS = {
    400: "The body is not valid JSON",
    413: "The body is too large",
    415: "The body is compressed; see Accept-Encoding",
    422: "The request is invalid; `errors` gives each field, what was found and what was expected",
}

_CLAUSE_END = re.compile(r"[.;](?:\s|$)")
_FRAMEWORK_S = "HTTPValidationError"

Responses = dict[int | str, dict[str, object]]


class ProblemDocument(BaseModel):
    """RFC 9457; `type` is stable."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


def problems(*codes: int, said: Mapping[int, str] | None = None) -> Responses:
    """The problem documents of a route.

    Args:
        codes: their statuses.
        said: what a status means there; needed for all but those of `BODY`.
    """
    texts = {**_TEXTS, **(said or {})}
    return {
        code: {"model": ProblemDocument, "content": {MEDIA_TYPE: {}}, "description": texts[code]}
        for code in sorted(set(codes))
    }


def event_stream(description: str, event: type[BaseModel] | None = None) -> Responses:
    """The good answer of a route that sends server-sent events.

    Args:
        description: of the stream.
        event: shape of one, where it is known; `data` is sent as JSON.
    """
    content = {EVENT_STREAM: {"schema": {"type": "string"}}}
    good: dict[str, object] = {"content": content, "description": description}
    return {200: good | ({"model": event} if event else {})}


def json_body(shape: type[BaseModel], *binary: str, required: bool = True) -> dict[str, JsonValue]:
    """`openapi_extra` of a route that reads its body by itself.

    Args:
        shape: of the JSON document.
        binary: content types of bytes that are taken as well.
        required: whether a request without a body is refused.
    """
    content: dict[str, JsonValue] = {"application/json": {"schema": _inline(shape.model_json_schema())}}
    content |= dict.fromkeys(binary, BYTES)
    return {"requestBody": {"required": required, "content": content}}


def describe(app: FastAPI) -> None:
    """Let an application's document say of each route in a line what it does, and no answer that isn't given."""
    make = app.openapi

    def openapi() -> dict:
        if not app.openapi_schema:
            _describe(make())
        return make()

    app.openapi = openapi


def _describe(document: dict) -> None:
    """Give each route its description's first clause as summary, and take the framework's own 422 away.

    A stream's events have their shape there, where the framework takes it for a JSON answer.
    FastAPI adds that one wherever it isn't described, with a shape that no route answers in.
    """
    for operation in (of for methods in document["paths"].values() for of in methods.values()):
        if told := operation.get("description"):
            operation["summary"] = _CLAUSE_END.split(told, maxsplit=1)[0]
        content = operation["responses"].get("200", {}).get("content", {})
        if EVENT_STREAM in content and (event := content.pop("application/json", None)):
            content[EVENT_STREAM]["itemSchema"] = event["schema"]  # OpenAPI 3.2: of each event
        if _FRAMEWORK_S in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    schemas = document.get("components", {}).get("schemas", {})
    for name in (_FRAMEWORK_S, "ValidationError"):
        schemas.pop(name, None)


def _inline(schema: dict[str, JsonValue]) -> JsonValue:
    """A schema whose definitions stand where they are used: elsewhere in OpenAPI they wouldn't be found."""
    definitions = schema.pop("$defs", {})

    def inline(part: JsonValue) -> JsonValue:
        if isinstance(part, list):
            return [inline(item) for item in part]
        if not isinstance(part, dict):
            return part
        if isinstance(reference := part.get("$ref"), str) and isinstance(definitions, dict):
            return inline(definitions[reference.rsplit("/", 1)[1]])
        return {name: inline(item) for name, item in part.items()}

    return inline(schema)
