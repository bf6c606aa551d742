"""How the gateway's routes describe themselves: every problem they answer, and bodies they read themselves."""

from pydantic import BaseModel, ConfigDict

_TEXTS = {
    400: "The body is no JSON document",
    401: "No access token, or one that doesn't hold",
    403: "The role doesn't allow this",
    404: "No such thing, or it is somebody else's",
    409: "It conflicts with what is there",
    413: "The body is too large",
    422: "The request can't be used; `errors` says which field and what was expected",
    429: "Too many attempts; see Retry-After",
    502: "A service behind the gateway answered something unusable",
    503: "A service or the database doesn't answer; see Retry-After",
}
BODY = (400, 413, 422)
"""What a route that reads a body may answer."""


class ProblemDocument(BaseModel):
    """RFC 9457; `type` is stable."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


def problems(*codes: int) -> dict[int | str, dict[str, object]]:
    """The answers of a route beside the good one; the database may be away for each."""
    return {
        code: {
            "model": ProblemDocument,
            "content": {"application/problem+json": {}},
            "description": _TEXTS[code],
        }
        for code in sorted({*codes, 503})
    }


def json_body(shape: type[BaseModel]) -> dict[str, object]:
    """`openapi_extra` of a route that reads its body by `read_body`."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": shape.model_json_schema()}},
        }
    }
