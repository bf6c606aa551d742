"""How the sensors routes describe themselves: every problem they answer, and bodies they read themselves."""

from pydantic import BaseModel, ConfigDict

from serving.errors import Problem

_TEXTS = {
    400: "The body is no JSON document",
    413: "The body is too large",
    422: "The request can't be used; `errors` says which field and what was expected",
    503: "As many clients listen as are served, or the plant has stopped; see Retry-After",
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


class ScenarioNotApplicable(Problem):
    """A scenario whose tags the plant doesn't have."""

    status = 422
    slug = "scenario-not-applicable"
    title = "The plant has no tags for this scenario"


class TooManyClients(Problem):
    status = 503
    slug = "too-many-clients"
    title = "Too many clients listen"


class PlantStopped(Problem):
    status = 503
    slug = "plant-stopped"
    title = "The simulated plant has stopped"


def problems(*codes: int) -> dict[int | str, dict[str, object]]:
    """The answers of a route beside the good one."""
    content = {"application/problem+json": {}}
    return {
        code: {"model": ProblemDocument, "content": content, "description": _TEXTS[code]} for code in codes
    }


def json_body(shape: type[BaseModel]) -> dict[str, object]:
    """`openapi_extra` of a route that reads its body by `read_body`."""
    content = {"application/json": {"schema": shape.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
