"""Tokens that let a site's programs bring readings of one plant."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime


class IngestToken(Base):
    """A token of a plant.

    Attributes:
        token_hash: SHA-256 of the token, which has 256 bits of chance: no salt and no slow hash would add to them.
        note: who has it, for those who revoke one.
        revoked_at: since when it is worth nothing.
    """

    __tablename__ = "ingest_tokens"
    # The number of a token must not come back: a person may revoke it from an old list.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plant: Mapped[str] = mapped_column(sa.String(64), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    note: Mapped[str] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
