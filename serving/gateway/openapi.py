"""What a status means on the routes of the gateway."""

from serving.web import openapi

_TEXTS = {
    401: "The access token is missing, invalid or expired",
    403: "The account's role does not permit this",
    404: "Not found, or it belongs to another account",
    409: "The request conflicts with the current state",
    429: "Too many attempts; see Retry-After",
    502: "A service behind the gateway sent an invalid response",
    503: "A service or the database does not respond; see Retry-After",
    507: "The disk is full",
}


def problems(*codes: int) -> openapi.Responses:
    """The answers of a route beside the good one; the database may be away for each."""
    return openapi.problems(*codes, 503, said=_TEXTS)
