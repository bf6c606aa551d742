"""Scores of live rows, as they are kept."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime


class LiveScore(Base):
    """What the models said of one row.

    Attributes:
        plant_time: the row's, which is its interval's beginning.
        risk: probability of an alarm now.
        alarm: whether any score or rule is one.
        passed_over: rows before this one that were not scored.
        scores: `scores.ModelScore` of now and of each horizon.
        rules: names of the alarm rules that were met on sound values.
        stale: tags with stale or physically impossible values.
    """

    __tablename__ = "live_scores"
    __table_args__ = (sa.Index("ix_live_scores_plant_id", "plant", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plant: Mapped[str] = mapped_column(sa.String(64))
    plant_time: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    risk: Mapped[float] = mapped_column(sa.Double)
    alarm: Mapped[bool]
    passed_over: Mapped[int] = mapped_column(sa.BigInteger)
    scores: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
    rules: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
    stale: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
