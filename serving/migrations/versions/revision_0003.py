"""The refresh token before the newest, for clients that use one twice at once."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("previous_hash", sa.String(64), nullable=True))
    op.add_column("refresh_tokens", sa.Column("renewed_at", UtcDateTime, nullable=True))


def downgrade() -> None:
    for column in ("renewed_at", "previous_hash"):
        op.drop_column("refresh_tokens", column)
