"""Log-ins: families of refresh tokens, and the access tokens given out for them.

A refresh token is used once. Whoever comes with one that was used before has it from somewhere else, or
somebody else has: the family ends, and both have to log in again. Two tabs of a browser that refresh at the
same moment, or a client whose answer was lost, are no such case: they get the answer that was given already.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from serving.gateway.accounts.tables import RefreshToken, User
from serving.gateway.accounts.tokens import AccessClaims, AccessTokens, SplitRefreshToken, TokenError
from serving.gateway.problems import Unauthenticated
from serving.store.database import Database

MOST_SESSIONS = 50
"""Log-ins of one user at a time; the oldest make room."""

SAME_MOMENT = timedelta(seconds=10)
"""So soon after its use, the same token gets the same answer again."""

_REFUSED = "the refresh token is invalid, was used before, or has expired; log in again"


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who makes a request, as the database has it now."""

    id: int
    name: str
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a log-in gives out."""

    access: str
    refresh: str
    expires_in_s: int


class SessionStore:
    """All log-ins of a gateway.

    Args:
        secret: the gateway's, by which one refresh token follows from another.
        lasts: how long a refresh token holds; each use gives a new one.
    """

    def __init__(
        self, database: Database, secret: str, access_tokens: AccessTokens, lasts: timedelta
    ) -> None:
        self._database = database
        self._secret = secret
        self._access_tokens = access_tokens
        self._lasts = lasts

    async def begin(self, user_id: int) -> TokenPair:
        """Log an authenticated user in."""
        now, refresh = datetime.now(UTC), SplitRefreshToken.new()
        mine = RefreshToken.user_id == user_id
        kept = (
            sa.select(RefreshToken.family)
            .where(mine)
            .order_by(RefreshToken.created_at.desc())
            .limit(MOST_SESSIONS - 1)
        )
        over = RefreshToken.ended_at.is_not(None) | (RefreshToken.expires_at <= now)
        async with self._database.write() as session:
            await session.execute(sa.delete(RefreshToken).where(mine, over))
            await session.execute(sa.delete(RefreshToken).where(mine, RefreshToken.family.not_in(kept)))
            session.add(
                RefreshToken(
                    family=refresh.family,
                    user_id=user_id,
                    secret_hash=refresh.secret_hash,
                    created_at=now,
                    expires_at=now + self._lasts,
                )
            )
        return self._tokens(user_id, refresh, now)

    async def renew(self, token: str) -> TokenPair:
        """Take a refresh token in and give the next one out.

        Raises:
            Unauthenticated: the token doesn't hold; if it was used a while before, its whole family ends.
        """
        now, given = datetime.now(UTC), _parse(token)
        following = given.next_token(self._secret)
        async with self._database.write() as session:
            row = await session.get(RefreshToken, given.family, with_for_update=True)
            user_id = _take(row, given, following, now, now + self._lasts) if row else None
        if user_id is None:
            raise Unauthenticated(_REFUSED)
        return self._tokens(user_id, following, now)

    async def end(self, token: str) -> None:
        """Log out; access tokens of the family hold no more either. A token that means nothing is no fault."""
        try:
            given = SplitRefreshToken.parse(token)
        except TokenError:
            return
        async with self._database.write() as session:
            row = await session.get(RefreshToken, given.family)
            if row is not None and row.ended_at is None:
                row.ended_at = datetime.now(UTC)

    async def user_of(self, access_token: str) -> CurrentUser:
        """Who an access token was given out to.

        Raises:
            Unauthenticated: it doesn't hold, its log-in has ended, or its user is gone or disabled.
        """
        try:
            access = self._access_tokens.read(access_token)
        except TokenError as error:
            raise Unauthenticated(str(error)) from None
        query = (
            sa.select(User.id, User.name, User.role, User.created_at)
            .join(RefreshToken, RefreshToken.user_id == User.id)
            .where(
                User.id == access.user_id,
                User.disabled_at.is_(None),
                RefreshToken.family == access.family,
                RefreshToken.ended_at.is_(None),
                RefreshToken.expires_at > datetime.now(UTC),
            )
        )
        async with self._database.read() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None:
            raise Unauthenticated("the session has ended; log in again")
        return CurrentUser(row.id, row.name, row.role, row.created_at)

    def expiry_of(self, access_token: str) -> datetime:
        """When an access token expires whose user is known."""
        return self._access_tokens.expires_at(access_token)

    def _tokens(self, user_id: int, refresh: SplitRefreshToken, now: datetime) -> TokenPair:
        access = self._access_tokens.issue(AccessClaims(user_id, refresh.family), now)
        return TokenPair(access, refresh.text, int(self._access_tokens.lasts.total_seconds()))


def _take(
    row: RefreshToken,
    given: SplitRefreshToken,
    following: SplitRefreshToken,
    now: datetime,
    expires_at: datetime,
) -> int | None:
    """Replace a family's newest token, or end the family if another one was given; whose it is if it went well."""
    if row.ended_at is not None or row.expires_at <= now:
        return None
    if given.fits(row.secret_hash):
        row.previous_hash, row.renewed_at = row.secret_hash, now
        row.secret_hash, row.expires_at = following.secret_hash, expires_at
    elif not _is_told_again(row, given, following, now):
        row.ended_at = now
        return None
    return row.user_id


def _is_told_again(
    row: RefreshToken, given: SplitRefreshToken, following: SplitRefreshToken, now: datetime
) -> bool:
    """Whether a token was the newest until a moment ago, so that its answer is that of the first use."""
    if row.previous_hash is None or row.renewed_at is None or now - row.renewed_at > SAME_MOMENT:
        return False
    return given.fits(row.previous_hash) and following.fits(row.secret_hash)


def _parse(token: str) -> SplitRefreshToken:
    try:
        return SplitRefreshToken.parse(token)
    except TokenError:
        raise Unauthenticated(_REFUSED) from None
