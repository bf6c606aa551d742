"""Access and refresh tokens: how they are made and read.

Belongs here: their form. Doesn't belong here: which of them still count (`accounts/sessions.py`).

An access token is a JWT that names a user and a log-in, not a role: what a user may do is read anew at each
request. A refresh token is `<family>.<secret>`; the first one of a family is random, each other follows from
the one before it and the gateway's secret.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

ISSUER = "forewarn-gateway"
_ALGORITHM = "HS256"
_LEEWAY_S = 5
_CLAIMS = ["exp", "iat", "iss", "sub", "sid"]
_FAMILY_LENGTH, _SECRET_LENGTH = 32, 43


class TokenError(ValueError):
    """A token that can't be used: altered, of another secret, of another form, or too old."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says.

    Attributes:
        family: the log-in that it was given out for.
    """

    user_id: int
    family: str


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, secret: str, lasts: timedelta) -> None:
        self._secret = secret
        self.lasts = lasts

    def issue(self, access: AccessClaims, now: datetime) -> str:
        claims = {
            "iss": ISSUER,
            "sub": str(access.user_id),
            "sid": access.family,
            "iat": now,
            "exp": now + self.lasts,
        }
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def read(self, token: str) -> AccessClaims:
        """What a token says, if it is ours and holds.

        Raises:
            TokenError: it isn't, or doesn't any more.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                leeway=_LEEWAY_S,
                options={"require": _CLAIMS},
            )
            return AccessClaims(int(claims["sub"]), str(claims["sid"]))
        except (jwt.InvalidTokenError, ValueError):
            raise TokenError("the access token is invalid or has expired") from None

    def expires_at(self, token: str) -> datetime:
        """When a token that was read expires."""
        claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], options={"verify_exp": False})
        return datetime.fromtimestamp(claims["exp"], UTC)


@dataclass(frozen=True, slots=True)
class SplitRefreshToken:
    """A refresh token in its halves."""

    family: str
    secret: str

    @classmethod
    def new(cls) -> "SplitRefreshToken":
        """The first token of a new family."""
        return cls(secrets.token_hex(_FAMILY_LENGTH // 2), secrets.token_urlsafe(32))

    def next_token(self, secret: str) -> "SplitRefreshToken":
        """The family's next token: always the same one, so that who asks twice at once is answered alike."""
        digest = hmac.digest(secret.encode(), f"refresh {self.text}".encode(), "sha256")
        return SplitRefreshToken(self.family, base64.urlsafe_b64encode(digest).decode().rstrip("="))

    @classmethod
    def parse(cls, token: str) -> "SplitRefreshToken":
        """A token as a client sends it.

        Raises:
            TokenError: no refresh token.
        """
        family, _, secret = token.partition(".")
        if len(family) != _FAMILY_LENGTH or len(secret) != _SECRET_LENGTH or not token.isascii():
            raise TokenError("no refresh token")
        return cls(family, secret)

    @property
    def text(self) -> str:
        return f"{self.family}.{self.secret}"

    @property
    def secret_hash(self) -> str:
        """What is stored; a random secret of 256 bits needs no slow hash."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def fits(self, secret_hash: str) -> bool:
        return hmac.compare_digest(self.secret_hash, secret_hash)
