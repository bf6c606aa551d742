"""/auth: accounts are made, logged in and out.

Belongs here: HTTP. Doesn't belong here: what holds for accounts (`service.py`) and log-ins (`sessions.py`).
"""

from fastapi import APIRouter, Request, Response

from serving.errors import invalid
from serving.gateway.accounts import schemas
from serving.gateway.accounts.names import PASSWORD_EXPECTED, folded, sound_password
from serving.gateway.accounts.sessions import Tokens
from serving.gateway.auth import SignedIn
from serving.gateway.openapi import problems
from serving.gateway.problems import RegistrationClosed
from serving.gateway.state import Here
from serving.web.body import read_body
from serving.web.openapi import BODY, json_body

MOST_BODY_BYTES = 16 * 1024
router = APIRouter(prefix="/auth", tags=["accounts"])


@router.post(
    "/register",
    status_code=201,
    responses=problems(*BODY, 403, 409, 429),
    openapi_extra=json_body(schemas.Registration),
)
async def register(request: Request, here: Here) -> schemas.UserAnswer:
    """Make an account. It is a viewer's; an administrator may give it another role."""
    if not here.settings.registration_open:
        raise RegistrationClosed("ask an administrator for an account")
    await here.attempts.registration_from(request)
    body = await read_body(request, schemas.Registration, MOST_BODY_BYTES)
    await here.attempts.registration_as(body.name)
    user = await here.accounts.add(body.name, body.password, "viewer")
    return schemas.UserAnswer.model_validate(user)


@router.post("/login", responses=problems(*BODY, 401, 429), openapi_extra=json_body(schemas.Login))
async def login(request: Request, response: Response, here: Here) -> schemas.TokensAnswer:
    """Log in by name and password."""
    await here.attempts.login_from(request)
    body = await read_body(request, schemas.Login, MOST_BODY_BYTES)
    await here.attempts.login_as(folded(body.name))
    user = await here.accounts.authenticate(body.name, body.password)
    return _tokens(await here.sessions.begin(user.id), response)


@router.post("/refresh", responses=problems(*BODY, 401), openapi_extra=json_body(schemas.RefreshRequest))
async def refresh(request: Request, response: Response, here: Here) -> schemas.TokensAnswer:
    """Exchange a refresh token for new tokens. One that was used a while before ends its log-in."""
    body = await read_body(request, schemas.RefreshRequest, MOST_BODY_BYTES)
    return _tokens(await here.sessions.renew(body.refresh_token), response)


@router.post(
    "/logout", status_code=204, responses=problems(*BODY), openapi_extra=json_body(schemas.RefreshRequest)
)
async def logout(request: Request, here: Here) -> None:
    """End the log-in of a refresh token, with its access tokens; also if it has ended already."""
    body = await read_body(request, schemas.RefreshRequest, MOST_BODY_BYTES)
    await here.sessions.end(body.refresh_token)


@router.post(
    "/password", responses=problems(*BODY, 401, 403, 429), openapi_extra=json_body(schemas.PasswordChange)
)
async def change_password(
    request: Request, response: Response, here: Here, user: SignedIn
) -> schemas.TokensAnswer:
    """Change your password. All log-ins end; the answer is a new one."""
    body = await read_body(request, schemas.PasswordChange, MOST_BODY_BYTES)
    await here.attempts.login_as(user.name)
    try:
        new = sound_password(body.new_password, user.name)
    except ValueError:
        raise invalid("new_password", "it can't be used", PASSWORD_EXPECTED) from None
    await here.accounts.change_password(user.id, body.password, new)
    return _tokens(await here.sessions.begin(user.id), response)


@router.get("/me", responses=problems(401))
async def me(user: SignedIn) -> schemas.UserAnswer:
    """Who is logged in."""
    return schemas.UserAnswer.model_validate(user)


def _tokens(tokens: Tokens, response: Response) -> schemas.TokensAnswer:
    response.headers["Cache-Control"] = "no-store"
    return schemas.TokensAnswer(
        access_token=tokens.access, expires_in=tokens.expires_in_s, refresh_token=tokens.refresh
    )
