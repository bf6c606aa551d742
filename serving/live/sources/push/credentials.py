"""How a request shows its token: as our clients do, and as those of InfluxDB 2 and 1 do.

Belongs here: finding the token and refusing who has none, or one of another plant. Doesn't belong here: tokens.
"""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from serving.errors import Forbidden, Problem
from serving.live.sources.push.tokens import TokenStore
from serving.web.parts import part

EXPECTED = "expected the header 'Authorization: Bearer <token>'; `forewarn token add PLANT` makes a token"

TokensDep = Annotated[TokenStore, part("ingest_tokens")]
bearer = HTTPBearer(
    auto_error=False, scheme_name="IngestToken", description="a token of `forewarn token add PLANT`"
)


class MissingToken(Problem):
    """No token, or one that is worth nothing."""

    status = 401
    slug = "missing-token"
    title = "No valid ingest token"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


async def token_plant(request: Request, tokens: TokensDep) -> str:
    """The plant whose readings the request may bring.

    Raises:
        MissingToken: it shows no token, or one that isn't known or is revoked.
    """
    token = find_token(request)
    if not token:
        raise MissingToken(EXPECTED)
    plant = await tokens.plant_of(token)
    if plant is None:
        raise MissingToken("the token is unknown or revoked; `forewarn token add PLANT` makes a new one")
    return plant


TokenPlant = Annotated[str, Depends(token_plant)]


async def path_plant(
    plant: Annotated[str, Path(description="name of the plant")], allowed: TokenPlant
) -> str:
    """The plant of the request's path, if it is the token's.

    Raises:
        Forbidden: the token is one of another plant.
    """
    if plant != allowed:
        raise Forbidden(f"the token is one of {allowed}; expected one of {plant[:64]}")
    return plant


def find_token(request: Request) -> str:
    """The token of a request: `Bearer` or `Token`, a password of HTTP Basic or in the query; empty without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return value.strip()
        case "basic":
            return _password(value.strip())
        case _:
            return request.query_params.get("p", "")


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
