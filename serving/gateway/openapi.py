"""What a status means on the routes of the gateway.

Belongs here: the words of this service. Doesn't belong here: their form (`serving.web.openapi`).
"""

from serving.web import openapi

_TEXTS = {
    401: "No access token, or one that doesn't hold",
    403: "The role doesn't allow this",
    404: "No such thing, or it is somebody else's",
    409: "It conflicts with what is there",
    429: "Too many attempts; see Retry-After",
    502: "A service behind the gateway answered something unusable",
    503: "A service or the database doesn't answer; see Retry-After",
    507: "There is no room left on the disk",
}


def problems(*codes: int) -> openapi.Responses:
    """The answers of a route beside the good one; the database may be away for each."""
    return openapi.problems(*codes, 503, said=_TEXTS)
