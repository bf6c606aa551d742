"""Accounts, and who makes a request and whether the role suffices: dependencies for every route of the gateway.

Tokens travel in the header `Authorization: Bearer …`, never in a cookie: a browser sends cookies along with
requests that another site makes, so that each changing route would need a defence of its own.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.errors import Forbidden
from serving.gateway.accounts.rate_limits import AttemptLimiter
from serving.gateway.accounts.service import AccountService
from serving.gateway.accounts.sessions import CurrentUser, SessionStore
from serving.gateway.accounts.tables import ROLES, Role
from serving.gateway.problems import RegistrationClosed, Unauthenticated
from serving.web.parts import SettingsDep, part

AccountsDep = Annotated[AccountService, part("accounts")]
SessionsDep = Annotated[SessionStore, part("sessions")]
AttemptsDep = Annotated[AttemptLimiter, part("attempts")]
_bearer = HTTPBearer(auto_error=False, description="access token from /auth/login")


async def current_user(
    sessions: SessionsDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> CurrentUser:
    """The user whose access token came along.

    Raises:
        Unauthenticated: none came, or it doesn't hold.
    """
    if credentials is None:
        raise Unauthenticated("expected the header 'Authorization: Bearer <access token>'")
    return await sessions.user_of(credentials.credentials)


SignedIn = Annotated[CurrentUser, Depends(current_user)]


def require(role: Role) -> Callable[[CurrentUser], Awaitable[CurrentUser]]:
    """A dependency that gives the user, if the role has at least the rights of `role`."""

    allowing = ROLES[ROLES.index(role) :]

    async def allowed(user: SignedIn) -> CurrentUser:
        if user.role not in allowing:
            raise Forbidden(f"{user.name} is {user.role}; expected at least {role}")
        return user

    return allowed


Operator = Annotated[CurrentUser, Depends(require("operator"))]
Engineer = Annotated[CurrentUser, Depends(require("engineer"))]
Admin = Annotated[CurrentUser, Depends(require("admin"))]


async def may_register(request: Request, settings: SettingsDep, attempts: AttemptsDep) -> None:
    """Refuse an account where nobody may make one, or too many attempts; those without a sound body count too."""
    if not settings.registration_open:
        raise RegistrationClosed("registration is closed; ask an administrator for an account")
    await attempts.registration_from(request)


async def may_log_in(request: Request, attempts: AttemptsDep) -> None:
    """Refuse too many attempts of an address; those without a sound body count too."""
    await attempts.login_from(request)
