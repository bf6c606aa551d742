"""Messages of warnings, each of which is sent at most once to each target.

Belongs here: what is kept of a message. Doesn't belong here: the warning itself (`serving/warnings/tables.py`).
"""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime

LONGEST_REASON = 300
NotificationState = Literal["waiting", "sending", "sent", "cancelled", "failed", "unknown"]


class StoredNotification(Base):
    """A message to one target; times are those of the wall.

    Attributes:
        step: of `policy.step_of`; with warning and target it is the message's key.
        due_at: before it, it isn't sent; after a failure, when it is tried again.
        state: `sending` is written before it is sent: a process that died then leaves nobody knowing whether it was,
            and it becomes `unknown` rather than a second message.
        reason: why it was cancelled or failed.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("warning_id", "step", "target"),
        sa.Index("ix_notifications_state_due_at", "state", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    warning_id: Mapped[int] = mapped_column(BigId)
    step: Mapped[str] = mapped_column(sa.String(40))
    target: Mapped[str] = mapped_column(sa.String(64))
    plant: Mapped[str] = mapped_column(sa.String(64))
    severity: Mapped[str] = mapped_column(sa.String(8))
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(10))
    tries: Mapped[int] = mapped_column(sa.Integer)
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
