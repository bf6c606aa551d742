"""Tokens by which a plant's readings are brought."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigId, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "ingest_tokens",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("plant", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.UniqueConstraint("token_hash", name="uq_ingest_tokens_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ingest_tokens_plant", "ingest_tokens", ["plant"])


def downgrade() -> None:
    op.drop_table("ingest_tokens")
