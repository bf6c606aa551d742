"""What users asked and were answered."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime


class HistoryEntry(Base):
    """One result of /infer.

    Attributes:
        type: predict, forecast or auto.
        model, version, prediction_id, risk_score: of the answer; of several forecasts, the highest risk's.
        alarm: whether any of them is one.
        request, answer: as sent; explanations are left out.
    """

    __tablename__ = "history"
    __table_args__ = (sa.Index("ix_history_user_id_id", "user_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    type: Mapped[str] = mapped_column(sa.String(16))
    plant: Mapped[str] = mapped_column(sa.String(64))
    model: Mapped[str] = mapped_column(sa.String(200))
    version: Mapped[int] = mapped_column(sa.BigInteger)
    prediction_id: Mapped[str] = mapped_column(sa.String(300))
    risk_score: Mapped[float] = mapped_column(sa.Double)
    alarm: Mapped[bool]
    request: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
    answer: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
