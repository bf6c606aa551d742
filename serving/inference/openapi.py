"""What a status means on the routes of inference."""

from collections.abc import Mapping

from serving.web import openapi

BODY = (*openapi.BODY, 404, 503)
"""What may become of a request with a body for a plant's model."""
_TEXTS = {404: "Unknown plant", 503: "The model is not serving yet; see Retry-After"}


def problems(*codes: int, said: Mapping[int, str] | None = None) -> openapi.Responses:
    """The problem documents of a route; `said` where a status means something else there."""
    return openapi.problems(*codes, said={**_TEXTS, **(said or {})})
