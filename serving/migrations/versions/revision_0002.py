"""Live scores, warnings and events."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigId, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "live_state",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_table(
        "live_scores",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("plant", sa.String(64), nullable=False),
        sa.Column("plant_time", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("risk", sa.Double, nullable=False),
        sa.Column("alarm", sa.Boolean, nullable=False),
        sa.Column("passed_over", sa.BigInteger, nullable=False),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("stale", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_scores_plant_id", "live_scores", ["plant", "id"])
    _create_warnings()
    op.create_table(
        "warning_actions",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("warning_id", BigId, sa.ForeignKey("warnings.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("plant_time", UtcDateTime, nullable=True),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("user_name", sa.String(64), nullable=True),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("note", sa.String(600), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_warning_actions_warning_id", "warning_actions", ["warning_id"])


def _create_warnings() -> None:
    op.create_table(
        "warnings",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("plant", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("horizon_hours", sa.Double, nullable=False),
        sa.Column("opened_horizon_hours", sa.Double, nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("threshold", sa.Double, nullable=True),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("peak", sa.Double, nullable=False),
        sa.Column("peak_time", UtcDateTime, nullable=False),
        sa.Column("newest_time", UtcDateTime, nullable=False),
        *(sa.Column(name, UtcDateTime, nullable=True) for name in ("came_time", "came_until")),
        *(sa.Column(name, UtcDateTime, nullable=True) for name in ("now_time", "now_until", "stale_since")),
        sa.Column("drivers", sa.JSON, nullable=True),
        sa.Column("advice", sa.JSON, nullable=True),
        sa.Column("missing", sa.String(500), nullable=False),
        sa.Column("prediction_ids", sa.JSON, nullable=False),
        *(sa.Column(name, UtcDateTime, nullable=True) for name in ("cleared_time", "cleared_at")),
        sa.Column("acknowledged_at", UtcDateTime, nullable=True),
        sa.Column("acknowledged_by", sa.String(64), nullable=True),
        sa.Column("shelved_until", UtcDateTime, nullable=True),
        sa.Column("shelved_by", sa.String(64), nullable=True),
        sa.Column("shelved_reason", sa.String(500), nullable=True),
        sa.Column("verdict", sa.String(8), nullable=True),
        sa.Column("verdict_at", UtcDateTime, nullable=True),
        sa.Column("verdict_by", sa.String(64), nullable=True),
        sa.Column("verdict_note", sa.String(500), nullable=True),
        sa.Column("verdict_start", UtcDateTime, nullable=True),
        sa.Column("verdict_end", UtcDateTime, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_warnings_plant_cleared_at", "warnings", ["plant", "cleared_at"])


def downgrade() -> None:
    for table in ("warning_actions", "warnings", "live_scores", "live_state", "events"):
        op.drop_table(table)
