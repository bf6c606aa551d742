"""Users, and the sessions that their refresh tokens stand for."""

from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime

Role = Literal["viewer", "operator", "engineer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Who may do what: each has the rights of those before it."""


class User(Base):
    """An account. `name` is normalised (`names.py`), `role` one of `ROLES`; since `disabled_at` nobody logs in with it."""

    __tablename__ = "users"
    # A removed user's id must not come back: an access token may still carry it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RefreshToken(Base):
    """A family of refresh tokens, which is one log-in: each token replaces the one before.

    Attributes:
        family: the public half of the family's tokens; access tokens carry it.
        secret_hash: SHA-256 of the newest token's secret half; any other was used before, or invented.
        previous_hash, renewed_at: of the token that the newest one replaced, and when that was.
        ended_at: when it was logged out, or a token was used twice.
    """

    __tablename__ = "refresh_tokens"

    family: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    previous_hash: Mapped[str | None] = mapped_column(sa.String(64))
    renewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KnownAddress(Base):
    """An address that an account has logged in from."""

    __tablename__ = "known_addresses"

    user_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    address: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginAttempt(Base):
    """An attempt to log in or to make an account; `key` is the hash of who made it."""

    __tablename__ = "attempts"
    __table_args__ = (sa.Index(None, "key", "at"), sa.Index(None, "at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
