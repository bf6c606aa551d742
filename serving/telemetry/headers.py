"""Headers that every answer has unless its route says otherwise.

Belongs here: what browsers are told not to do. No HTML is served but the page of the API.
"""

RawHeaders = list[tuple[bytes, bytes]]

_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
# The page of the API starts itself by a script in the page, and ReDoc works in a worker made from a blob.
_PAGE_POLICY = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_POLICY = b"content-security-policy"
_STATIC = "/static-"


def add_security_headers(headers: RawHeaders, path: str) -> None:
    """Add the headers that an answer lacks.

    Args:
        headers: of the answer, names in lower case; extended in place.
        path: of the request; assets of the page of the API may be kept by browsers.
    """
    given = dict(headers)
    headers.extend(header for header in _ALWAYS if header[0] not in given)
    if _POLICY not in given:
        page = given.get(b"content-type", b"").startswith(b"text/html")
        headers.append((_POLICY, _PAGE_POLICY if page else _DATA_POLICY))
    if b"cache-control" not in given and not path.startswith(_STATIC):
        headers.append((b"cache-control", b"no-store"))
