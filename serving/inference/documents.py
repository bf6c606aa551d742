"""What OpenAPI says of the routes, and how their answers are sent.

Belongs here: problems by status, bodies' schemas. Doesn't belong here: routes, the shapes themselves (`schemas.py`).
"""

from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel, JsonValue

from serving.inference.schemas import ProblemDocument

Responses = dict[int | str, dict[str, Any]]

_TEXTS = {
    400: "The body is no JSON document",
    403: "Only this machine may ask for it",
    404: "No such plant",
    413: "The body is too large",
    415: "The body is of another content type",
    422: "The request can't be used; `errors` says which field, what is wrong and what was expected",
    503: "A model isn't there yet; see Retry-After",
}
BODY = (400, 404, 413, 422, 503)
"""What may become of a request with a body for a plant's model."""


def problems(*codes: int, **texts: str) -> Responses:
    """The problem documents of a route; `s404="…"` says otherwise what a status means there."""
    content = {"application/problem+json": {}}
    said = {code: texts.get(f"s{code}", _TEXTS[code]) for code in codes}
    return {
        code: {"model": ProblemDocument, "content": content, "description": text}
        for code, text in said.items()
    }


def json_body(shape: type[BaseModel]) -> dict[str, Any]:
    """The body of a route that reads it by itself."""
    schema = shape.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def answer(document: dict[str, JsonValue], status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
