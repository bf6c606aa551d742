"""What happened, in the order in which clients are told."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime


class StoredEvent(Base):
    """One event.

    Attributes:
        id: goes up, and is never given twice.
        type: one of `kinds.TYPES`.
        data: a JSON document, as it is sent.
    """

    __tablename__ = "events"
    # The id of a deleted event must not come back: a client may resume from it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    type: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[str] = mapped_column(sa.Text)
