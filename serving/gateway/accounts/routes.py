"""/auth: accounts are made, logged in and out.

Belongs here: HTTP. Doesn't belong here: what holds for accounts (`service.py`) and log-ins (`sessions.py`).
"""

from fastapi import APIRouter, Depends, Request, Response

from serving.errors import invalid
from serving.gateway.accounts import schemas
from serving.gateway.accounts.names import PASSWORD_EXPECTED, folded, sound_password
from serving.gateway.accounts.sessions import Tokens
from serving.gateway.auth import SignedIn
from serving.gateway.openapi import problems
from serving.gateway.problems import RegistrationClosed
from serving.gateway.state import Here
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=SmallBodyRoute)


async def may_register(request: Request, here: Here) -> None:
    """Refuse an account where nobody may make one, or too many attempts; those without a sound body count too."""
    if not here.settings.registration_open:
        raise RegistrationClosed("ask an administrator for an account")
    await here.attempts.registration_from(request)


async def may_log_in(request: Request, here: Here) -> None:
    """Refuse too many attempts of an address; those without a sound body count too."""
    await here.attempts.login_from(request)


@router.post(
    "/register",
    status_code=201,
    responses=problems(*BODY, 403, 409, 429),
    dependencies=[Depends(may_register)],
)
async def register(body: schemas.Registration, here: Here) -> schemas.UserAnswer:
    """Make an account. It is a viewer's; an administrator may give it another role."""
    await here.attempts.registration_as(body.name)
    user = await here.accounts.add(body.name, body.password, "viewer")
    return schemas.UserAnswer.model_validate(user)


@router.post("/login", responses=problems(*BODY, 401, 429), dependencies=[Depends(may_log_in)])
async def login(body: schemas.Login, response: Response, here: Here) -> schemas.TokensAnswer:
    """Log in by name and password."""
    await here.attempts.login_as(folded(body.name))
    user = await here.accounts.authenticate(body.name, body.password)
    return _tokens(await here.sessions.begin(user.id), response)


@router.post("/refresh", responses=problems(*BODY, 401))
async def refresh(body: schemas.RefreshRequest, response: Response, here: Here) -> schemas.TokensAnswer:
    """Exchange a refresh token for new tokens. One that was used a while before ends its log-in."""
    return _tokens(await here.sessions.renew(body.refresh_token), response)


@router.post("/logout", status_code=204, responses=problems(*BODY))
async def logout(body: schemas.RefreshRequest, here: Here) -> None:
    """End the log-in of a refresh token, with its access tokens; also if it has ended already."""
    await here.sessions.end(body.refresh_token)


@router.post("/password", responses=problems(*BODY, 401, 403, 429))
async def change_password(
    body: schemas.PasswordChange, response: Response, here: Here, user: SignedIn
) -> schemas.TokensAnswer:
    """Change your password. All log-ins end; the answer is a new one."""
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
