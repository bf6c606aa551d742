"""Attempts to log in or to make an account, and the addresses that accounts have logged in from."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_attempts_key_at", "attempts", ["key", "at"])
    op.create_index("ix_attempts_at", "attempts", ["at"])
    op.create_table(
        "known_addresses",
        sa.Column(
            "user_id",
            BigId,
            sa.ForeignKey("users.id", name="fk_known_addresses_user_id_users", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("known_addresses")
    op.drop_table("attempts")
