"""What a status means on the routes of the live service."""

from collections.abc import Mapping

from serving.web import openapi

_TEXTS = {
    404: "Unknown plant, or no reading of it has come yet",
    503: "This process watches no plant, or readings can't be stored at present; see Retry-After",
}


def problems(*codes: int, said: Mapping[int, str] | None = None) -> openapi.Responses:
    """The problem documents of a route; `said` where a status means something else there."""
    return openapi.problems(*codes, said={**_TEXTS, **(said or {})})
