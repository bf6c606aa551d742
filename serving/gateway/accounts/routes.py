"""/auth and /users: accounts are made, logged in and out, and what administrators do with them.

Each change of an account is a line of the log that says who made it.
"""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from serving.errors import invalid
from serving.gateway.accounts import schemas
from serving.gateway.accounts.dependencies import (
    AccountsDep,
    Admin,
    AttemptsDep,
    SessionsDep,
    SignedIn,
    may_log_in,
    may_register,
)
from serving.gateway.accounts.names import PASSWORD_EXPECTED, fold_name, sound_password
from serving.gateway.accounts.sessions import TokenPair
from serving.gateway.openapi import problems
from serving.store.tables import LARGEST_ID
from serving.web.bounded_route import SmallBodyRoute
from serving.web.openapi import BODY

log = logging.getLogger("serving")
router = APIRouter(prefix="/auth", tags=["accounts"], route_class=SmallBodyRoute)
UserId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="account `id` from /users")]
users_router = APIRouter(prefix="/users", tags=["accounts"], route_class=SmallBodyRoute)


@router.post(
    "/register",
    status_code=201,
    responses=problems(*BODY, 403, 409, 429),
    dependencies=[Depends(may_register)],
)
async def register(
    body: schemas.RegisterRequest, attempts: AttemptsDep, accounts: AccountsDep
) -> schemas.UserAnswer:
    """Create an account with the role viewer; an administrator may change the role."""
    await attempts.registration_as(body.name)
    user = await accounts.add(body.name, body.password, "viewer")
    log.info("%s: registered", user.name)
    return schemas.UserAnswer.model_validate(user)


@router.post("/login", responses=problems(*BODY, 401, 429), dependencies=[Depends(may_log_in)])
async def login(
    body: schemas.LoginRequest,
    request: Request,
    response: Response,
    *,
    attempts: AttemptsDep,
    accounts: AccountsDep,
    sessions: SessionsDep,
) -> schemas.TokensAnswer:
    """Log in with name and password."""
    await attempts.login_as(fold_name(body.name), request)
    user = await accounts.authenticate(body.name, body.password)
    await attempts.remember(user.id, request)
    return _tokens(await sessions.begin(user.id), response)


@router.post("/refresh", responses=problems(*BODY, 401))
async def refresh(
    body: schemas.RefreshRequest, response: Response, sessions: SessionsDep
) -> schemas.TokensAnswer:
    """Exchange a refresh token for new tokens. Reusing an old one ends its session."""
    return _tokens(await sessions.renew(body.refresh_token), response)


@router.post("/logout", status_code=204, responses=problems(*BODY))
async def logout(body: schemas.RefreshRequest, sessions: SessionsDep) -> None:
    """Log out: end the session of a refresh token and its access tokens. Repeating it is not an error."""
    await sessions.end(body.refresh_token)


@router.post("/password", responses=problems(*BODY, 401, 403, 429))
async def change_password(
    body: schemas.PasswordChange,
    request: Request,
    response: Response,
    *,
    attempts: AttemptsDep,
    accounts: AccountsDep,
    sessions: SessionsDep,
    user: SignedIn,
) -> schemas.TokensAnswer:
    """Change your password. All sessions end; the response has tokens of a new one."""
    await attempts.login_as(user.name, request)
    try:
        new = sound_password(body.new_password, user.name)
    except ValueError:
        raise invalid("new_password", "invalid name", PASSWORD_EXPECTED) from None
    await accounts.change_password(user.id, body.password, new)
    log.info("%s: changed the own password", user.name)
    return _tokens(await sessions.begin(user.id), response)


@router.get("/me", responses=problems(401))
async def me(user: SignedIn) -> schemas.UserAnswer:
    """Get your account."""
    return schemas.UserAnswer.model_validate(user)


def _tokens(tokens: TokenPair, response: Response) -> schemas.TokensAnswer:
    response.headers["Cache-Control"] = "no-store"
    return schemas.TokensAnswer(
        access_token=tokens.access, expires_in=tokens.expires_in_s, refresh_token=tokens.refresh
    )


@users_router.get("", responses=problems(401, 403, 422))
async def users(
    accounts: AccountsDep,
    _: Admin,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID, description="`next` of the previous page")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> schemas.UsersAnswer:
    """List all accounts in order of creation. Administrators only."""
    found = await accounts.page(after, limit + 1)
    shown = found[:limit]
    return schemas.UsersAnswer(
        users=[schemas.UserAnswer.model_validate(user) for user in shown],
        next=shown[-1].id if len(found) > limit else None,
    )


@users_router.post("", status_code=201, responses=problems(*BODY, 401, 403, 409))
async def create_account(
    body: schemas.NewAccountRequest, accounts: AccountsDep, admin: Admin
) -> schemas.UserAnswer:
    """Create an account with a role, also where registration is closed. Administrators only."""
    user = await accounts.add(body.name, body.password, body.role)
    log.info("%s: created the account %s, %s", admin.name, user.name, user.role)
    return schemas.UserAnswer.model_validate(user)


@users_router.patch("/{user_id}", responses=problems(*BODY, 401, 403, 404, 409))
async def change_account(
    user_id: UserId, body: schemas.AccountChange, accounts: AccountsDep, admin: Admin
) -> schemas.UserAnswer:
    """Change an account's role, from its next request on, disable it or enable it again. Administrators only."""
    changed = await accounts.change(user_id, role=body.role, disabled=body.disabled)
    if body.role is not None:
        log.info("%s: gave the account %s the role %s", admin.name, changed.name, changed.role)
    if body.disabled is not None:
        done = "disabled" if body.disabled else "enabled"
        log.info("%s: %s the account %s", admin.name, done, changed.name)
    return schemas.UserAnswer.model_validate(changed)


@users_router.post("/{user_id}/password", responses=problems(*BODY, 401, 403, 404))
async def reset_password(
    user_id: UserId, body: schemas.PasswordReset, accounts: AccountsDep, admin: Admin
) -> schemas.UserAnswer:
    """Set another password for an account; all its sessions end. Administrators only."""
    try:
        user = await accounts.reset_password(user_id, body.new_password)
    except ValueError:
        raise invalid("new_password", "invalid password", PASSWORD_EXPECTED) from None
    log.info("%s: set another password for the account %s", admin.name, user.name)
    return schemas.UserAnswer.model_validate(user)
