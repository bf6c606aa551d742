"""Warnings, and what became of each."""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigId, UtcDateTime

LONGEST_NOTE = 500
LONGEST_LINE = 600
"""Of a story: a note, and what the gateway adds."""
Kind = Literal["model", "rule"]
Verdict = Literal["true", "false", "unsure"]
Action = Literal[
    "opened", "acknowledged", "shelved", "unshelved", "shelf_expired", "judged",
    "came", "missed", "stale", "fresh", "escalated", "cleared",
]  # fmt: skip
CameAs = Literal["came_true", "early", "late", "unknown"]


class PlantWarning(Base):
    """A warning. Times in the plant's own time end in `_time` (or are `since`), those of the wall in `_at`.

    Attributes:
        kind: `model`: a probability crossed its threshold; `rule`: an alarm rule was met.
        horizon_hours: how far ahead, the nearest that has crossed; 0: now.
        opened_horizon_hours: how far ahead at its opening.
        rule: name of the rule, or of the tag's alarm limit that a bad signal counts as crossing; else empty.
        description: of the rule, else empty.
        probability, threshold, model, version: of the answer that opened it, or that escalated it last; no
            threshold for rules.
        peak, peak_time: highest probability of its horizon so far; of a rule, that of an alarm now.
        newest_time: the last row that was scored while it was open.
        came_time, came_until: first and last row at which an alarm rule was met while it was open.
        came_as: how the first of them stands to what was forecast; `unknown` where it was closed as the plant or its past
            became another; None for rules, and where none fired.
        missed_time: first row at which an alarm rule was met soon after it had cleared.
        escalated_time: of its last escalation.
        now_time, now_until: first and last row at which the risk now crossed while it was open.
        first_id, first_time: of the first of the warnings that it repeats, and when that opened; None where it is the first.
        repeat: 1 for the first of them, 2 for the next, and so on.
        stale_since: first row of the stale ones at the end.
        drivers: at the opening or the last escalation; None where they couldn't be had.
        advice: on the newest row while it was open; None where it couldn't be had.
        missing: why not.
        prediction_ids: of the opening, of the last escalation and of the peak.
    """

    __tablename__ = "warnings"
    __table_args__ = (
        sa.Index("ix_warnings_plant_cleared_at", "plant", "cleared_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plant: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(8))
    horizon_hours: Mapped[float] = mapped_column(sa.Double)
    opened_horizon_hours: Mapped[float] = mapped_column(sa.Double)
    rule: Mapped[str] = mapped_column(sa.String(40))
    description: Mapped[str] = mapped_column(sa.String(500))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    probability: Mapped[float] = mapped_column(sa.Double)
    threshold: Mapped[float | None] = mapped_column(sa.Double)
    model: Mapped[str] = mapped_column(sa.String(200))
    version: Mapped[int] = mapped_column(sa.BigInteger)
    peak: Mapped[float] = mapped_column(sa.Double)
    peak_time: Mapped[datetime] = mapped_column(UtcDateTime)
    newest_time: Mapped[datetime] = mapped_column(UtcDateTime)
    came_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    came_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    came_as: Mapped[str | None] = mapped_column(sa.String(12))
    missed_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    now_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    now_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stale_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_id: Mapped[int | None] = mapped_column(BigId, index=True)
    first_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    repeat: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    drivers: Mapped[JsonValue] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
    advice: Mapped[JsonValue] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
    missing: Mapped[str] = mapped_column(sa.String(500))
    prediction_ids: Mapped[JsonValue] = mapped_column(sa.JSON, nullable=False)
    cleared_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by: Mapped[str | None] = mapped_column(sa.String(64))
    shelved_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shelved_by: Mapped[str | None] = mapped_column(sa.String(64))
    shelved_reason: Mapped[str | None] = mapped_column(sa.String(LONGEST_NOTE))
    verdict: Mapped[str | None] = mapped_column(sa.String(8))
    verdict_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict_by: Mapped[str | None] = mapped_column(sa.String(64))
    verdict_note: Mapped[str | None] = mapped_column(sa.String(LONGEST_NOTE))
    verdict_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict_end: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WarningAction(Base):
    """One line of a warning's story: who did what, and when; nobody's are the gateway's own."""

    __tablename__ = "warning_actions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    warning_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("warnings.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    plant_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(BigId)
    user_name: Mapped[str | None] = mapped_column(sa.String(64))
    action: Mapped[str] = mapped_column(sa.String(16))
    note: Mapped[str] = mapped_column(sa.String(LONGEST_LINE))
